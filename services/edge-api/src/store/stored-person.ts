import type { Standing } from '../identity/standing.ts'

export interface StoredPerson extends Standing {
  id: string
  email: string
  wallet: string
  createdAt: Date
  lastSeenAt: Date | null
}

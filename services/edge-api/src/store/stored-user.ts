import type { UserStatus } from '../identity/user-status.ts'

export interface StoredUser extends UserStatus {
  id: string
  email: string
  wallet: string
  createdAt: Date
  lastSeenAt: Date | null
}

import type { words as english } from '../en/ledger.ts'
import type { Words } from '../words.ts'

export const words: Words<typeof english> = {}

import type { words as english } from '../en/shell.ts'
import type { Words } from '../words.ts'

export const words: Words<typeof english> = {}

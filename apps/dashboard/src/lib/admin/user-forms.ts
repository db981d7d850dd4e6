import { email, newPassword, role } from '@sluice/contracts/control/auth'
import { userText } from '@sluice/contracts/control/fields'
import { z } from 'zod'

import { microOf } from '../keys/quota.ts'

/** The form of a new user; the gateway generates a password if it is empty. Server only. */
export const newUserForm = z.object({
  email,
  role: role.default('user'),
  password: z.union([z.literal(''), newPassword]).default(''),
})

/** The form that grants credits. Server only. */
export const creditsForm = z.object({
  amount: z
    .string()
    .trim()
    .min(1)
    .refine((text) => microOf(text) !== undefined),
  note: userText(200),
  /** Created with the form, so that a repeated submission grants once. */
  idempotency_key: z.string().min(8).max(100).default(''),
})

import { z } from 'zod'

import { id, instant, microCredits } from '../codecs.ts'
import { PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN } from './password-length.ts'
import { permissions, roles } from './permissions.ts'
import type { Permission } from './permissions.ts'

export const role = z.enum(roles)
const permissionNames = Object.keys(permissions) as [Permission, ...Permission[]]

/** Converted to lower case, so that one address cannot have two accounts. */
export const email = z.string().trim().toLowerCase().max(254).pipe(z.email())
export const newPassword = z.string().min(PASSWORD_CHARACTERS_MIN).max(PASSWORD_CHARACTERS_MAX)
const anyPassword = z.string().min(1).max(PASSWORD_CHARACTERS_MAX)

export const site = z.object({
  registration_open: z.boolean(),
  version: z.string(),
})
export type Site = z.input<typeof site>

export const user = z.object({
  id,
  email: z.string(),
  role,
  created_at: instant,
})
export type User = z.input<typeof user>

/** A token pair with OAuth's field names. The panel uses the session cookie of the same response instead. */
export const tokens = z.object({
  access_token: z.string(),
  refresh_token: z.string(),
  /** Seconds until the access token expires. */
  expires_in: z.int().positive(),
  token_type: z.literal('Bearer'),
  user: user,
})

export const registerBody = z.strictObject({ email, password: newPassword })
export const loginBody = z.strictObject({ email, password: anyPassword })
export const refreshBody = z.strictObject({ refresh_token: z.string().min(1).max(500) })
export const changePasswordBody = z.strictObject({
  current_password: anyPassword,
  new_password: newPassword,
})

export const shownBalance = z.object({
  posted_micro: microCredits,
  held_micro: microCredits,
  available_micro: microCredits,
})
export type ShownBalance = z.input<typeof shownBalance>

export const me = z.object({
  user: user,
  permissions: z.array(z.enum(permissionNames)),
  /** Null while billing is unavailable. */
  balance: shownBalance.nullable(),
})
export type Me = z.input<typeof me>

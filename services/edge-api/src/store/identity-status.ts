import { writeOutbox } from '@sluice/db/outbox'
import type { Tables } from '@sluice/db/tables'
import type { Transaction } from 'kysely'

import type { SessionEnd } from '../identity/session-state.ts'
import type { UserStatus } from '../identity/user-status.ts'
import { lockSignIn, selectUser, writePassword } from './identity-users.ts'
import { toUser } from './identity-rows.ts'
import { endSessions } from './identity-sessions.ts'
import type { IdentityStore } from './identity-store.ts'

/** The writer publishes the event itself; after this time the relay publishes it again. */
const RELAY_AFTER_MS = 200

type Change<Name extends keyof IdentityStore> = Parameters<IdentityStore[Name]>

export async function changeUserStatus(
  trx: Transaction<Tables>,
  ...[{ userId, at }, decide]: Change<'changeUserStatus'>
) {
  // Locks the admins first and in order, so that of two who ban each other the second sees the first's ban.
  const admins = await trx
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'admin')
    .where('banned_at', 'is', null)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
  const row = await selectUser(trx)
    .where('users.id', '=', userId)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (!row) return undefined
  const before = toUser(row)
  const activeAdmins = admins.filter(({ id }) => id !== userId).length
  const after = decide(before, { activeAdmins })
  await writeUserStatus(trx, { userId, after })
  const changesKeys = (before.ban === null) !== (after.ban === null)
  if (changesKeys && after.ban) {
    await endSessions(trx, { end: { at, reason: 'banned' }, userId })
  }
  const apiKeyIds = changesKeys ? await enqueueKeyChanges(trx, { userId, at }) : []
  return { user: { ...before, ...after }, apiKeyIds }
}

export async function changePassword(trx: Transaction<Tables>, input: Change<'changePassword'>[0]) {
  const row = await lockSignIn(trx, input.userId)
  if (row?.passwordHash !== input.checkedHash) return false
  await writeNewPassword(trx, { ...input, exceptId: input.exceptSessionId })
  return true
}

export async function replacePassword(
  trx: Transaction<Tables>,
  input: Change<'replacePassword'>[0],
) {
  if (!(await lockSignIn(trx, input.userId))) return false
  await writeNewPassword(trx, input)
  return true
}

/** Ends all sessions that were opened with the old password, except the given one. */
async function writeNewPassword(
  trx: Transaction<Tables>,
  input: { userId: string; passwordHash: string; at: Date; exceptId?: string | undefined },
) {
  const { userId, passwordHash, at, exceptId } = input
  await writePassword(trx, { userId, passwordHash, at })
  await trx.updateTable('users').set({ password_hash: null }).where('id', '=', userId).execute()
  const end: SessionEnd = { at, reason: 'password-changed' }
  await endSessions(trx, { end, userId, exceptId })
}

async function writeUserStatus(
  trx: Transaction<Tables>,
  { userId, after: { role, ban } }: { userId: string; after: UserStatus },
) {
  await trx
    .updateTable('users')
    .set({
      role,
      banned_at: ban?.at ?? null,
      ban_reason: ban?.reason ?? null,
      banned_by: ban?.by ?? null,
    })
    .where('id', '=', userId)
    .execute()
}

/** Whether a key is valid depends on its owner's ban, and edges cache that decision. */
async function enqueueKeyChanges(
  trx: Transaction<Tables>,
  { userId, at }: { userId: string; at: Date },
): Promise<string[]> {
  const keys = await trx
    .selectFrom('api_keys')
    .select('id')
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .execute()
  const dueAt = new Date(at.getTime() + RELAY_AFTER_MS)
  for (const { id } of keys) {
    await writeOutbox(trx, { topic: 'api-key-changed', key: id, payload: { apiKeyId: id }, dueAt })
  }
  return keys.map(({ id }) => id)
}

import { createHash } from 'node:crypto'

import type { Decoded } from '@sluice/contracts/control/operation-types'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import { newId } from '@sluice/kernel/ids'

import type { ControlCall } from '../handlers.ts'
import { recordAction } from '../record-action.ts'
import { findUser } from './find-user.ts'
import { toBalanceDto } from './user-dto.ts'
import type { UserDeps } from './user-deps.ts'

type Call = Pick<
  ControlCall<'grantCredits'>,
  'session' | 'params' | 'body' | 'idempotencyKey' | 'requestId' | 'address'
>

/**
 * Grants credits to a user, once for each Idempotency-Key, also under concurrent and repeated calls. Without
 * a key each request is a separate grant. Throws `not_found`, and `idempotency_conflict` when the key was
 * used for another grant to this user.
 */
export async function grantCredits(
  deps: UserDeps,
  call: Call,
): Promise<Decoded<'grantCredits'>['answer']> {
  const { params, body, session, idempotencyKey: key } = call
  const { id: userId, wallet } = await findUser(deps, params.id)
  const grant = {
    transferId: key === undefined ? newId('tr', deps) : transferIdOf({ userId, key }),
    wallet,
    amountMicro: body.amount_micro,
    memo: body.note,
    givenBy: session.userId,
  }
  const { balance, fresh } = await deps.billing.grantCredits(grant).catch((err: unknown) => {
    throw isMismatch(err) ? conflict(err) : err
  })
  if (fresh) {
    const facts = { amountMicro: String(body.amount_micro), note: body.note }
    recordAction(deps, call, { act: 'credits.grant', target: userId, facts })
  }
  return { balance: toBalanceDto(balance), fresh }
}

/**
 * From the recipient and the key, not the granting admin: two admins with the same key make the same grant.
 */
function transferIdOf({ userId, key }: { userId: string; key: string }): string {
  return `gift_${createHash('sha256').update(`${userId}\n${key}`).digest('hex')}`
}

const isMismatch = (err: unknown) => isAppError(err, 'invalid_value') && err.param === 'transferId'

function conflict(cause: unknown): AppError {
  const message =
    'This Idempotency-Key was used for another amount or note for this user. Use a new key for a new grant.'
  return new AppError('idempotency_conflict', message, { cause, param: 'Idempotency-Key' })
}

import { createHash } from 'node:crypto'

import type { Decoded } from '@sluice/contracts/control/operation-types'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import { newId } from '@sluice/kernel/ids'

import type { ControlCall } from '../handlers.ts'
import { recordAction } from '../record-action.ts'
import { findUser } from './find-user.ts'
import { showBalance } from './show-user.ts'
import type { UserDeps } from './user-deps.ts'

type Call = Pick<
  ControlCall<'grantCredits'>,
  'session' | 'params' | 'body' | 'idempotencyKey' | 'requestId' | 'address'
>

/**
 * Gives credits to a person, once for one Idempotency-Key, however often and however many at once it is asked.
 * Without a key each request is a gift of its own.
 * Throws `not_found`, and `idempotency_conflict` when the key has given this person something else.
 */
export async function grantCredits(
  deps: UserDeps,
  call: Call,
): Promise<Decoded<'grantCredits'>['answer']> {
  const { params, body, session, idempotencyKey: key } = call
  const { id: userId, wallet } = await findUser(deps, params.id)
  const gift = {
    transferId: key === undefined ? newId('tr', deps) : transferIdOf({ userId, key }),
    wallet,
    amountMicro: body.amount_micro,
    memo: body.note,
    givenBy: session.userId,
  }
  const { balance, fresh } = await deps.billing.grantCredits(gift).catch((err: unknown) => {
    throw isContradiction(err) ? conflict(err) : err
  })
  if (fresh) {
    const facts = { amountMicro: String(body.amount_micro), note: body.note }
    recordAction(deps, call, { act: 'credits.grant', target: userId, facts })
  }
  return { balance: showBalance(balance), fresh }
}

/** The receiver and the key, and not the giver: two admins who press on the same key mean the same gift. */
function transferIdOf({ userId, key }: { userId: string; key: string }): string {
  return `gift_${createHash('sha256').update(`${userId}\n${key}`).digest('hex')}`
}

const isContradiction = (err: unknown) =>
  isAppError(err, 'invalid_value') && err.param === 'transferId'

function conflict(cause: unknown): AppError {
  const message =
    'This Idempotency-Key has given this person another amount or note. Use a new key for a new gift.'
  return new AppError('idempotency_conflict', message, { cause, param: 'Idempotency-Key' })
}

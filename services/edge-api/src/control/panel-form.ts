import type { IncomingMessage } from 'node:http'

import { isPublicForm, panelFormBytesMax } from '@sluice/contracts/control/panel-forms'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'

import type { ByteHold } from '../http/byte-budget.ts'
import type { FormEnds } from '../gateway/chat-context.ts'
import type { Identity } from '../identity/identity.ts'
import type { IntakeLimits } from '../intake-limits.ts'
import { holdUntilAnswered } from '../intake-limits.ts'
import type { Sweep } from '../http/sweep.ts'
import { readFormBody } from '../http/read-body.ts'

export interface PanelFormDeps {
  clock: Clock
  sweep: Sweep
  intake: Pick<IntakeLimits, 'forms' | 'openForms'>
  identity: Pick<Identity, 'authenticate' | 'beginPublicCall'>
  addressOf: (incoming: IncomingMessage) => string
}

/**
 * Reads the body of a form within its limits before it is forwarded to the panel; undefined for a request
 * without a body. Sign-in and registration forms have a few KiB within the byte budget of their address, and
 * count as an open call until they are read. Other forms need a session and use their user's byte budget.
 * Without a session nothing is read: the form is empty, and the panel redirects to the login. Throws
 * `body_too_large`, `unsupported_media_type`, `request_timeout`, `caller_gone`, `too_many_attempts`, and what
 * a byte budget throws.
 */
export async function readPanelForm(
  deps: PanelFormDeps,
  { incoming, outgoing, path }: FormEnds,
): Promise<Buffer | undefined> {
  if (!hasBody(incoming)) return undefined
  const bytesMax = panelFormBytesMax(path)
  const { intake } = deps
  const read = (hold: ByteHold) => {
    checkHead(incoming, bytesMax)
    const { clock, sweep } = deps
    return readFormBody({ bytesMax, clock, sweep, hold }, incoming)
  }
  if (isPublicForm(path)) {
    const address = deps.addressOf(incoming)
    const endPublicCall = deps.identity.beginPublicCall({
      address,
      cookie: incoming.headers.cookie,
    })
    const form = await read(holdUntilAnswered(intake.openForms, { caller: address, outgoing }))
    endPublicCall()
    return form
  }
  const userId = await sessionUserId(deps, incoming)
  if (userId === undefined) return Buffer.alloc(0)
  return read(holdUntilAnswered(intake.forms, { caller: userId, outgoing }))
}

function hasBody({ method = 'GET', headers }: IncomingMessage): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function checkHead({ headers }: IncomingMessage, bytesMax: number): void {
  // Browsers send a form with its length; a body of unknown length is not from a browser.
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > bytesMax)
    throw new AppError('body_too_large', `A form may have at most ${bytesMax} bytes.`)
}

/**
 * The user of the session; undefined without one or when it cannot be looked up: the panel shows the error.
 */
async function sessionUserId(
  { identity }: Pick<PanelFormDeps, 'identity'>,
  { headers: { cookie } }: IncomingMessage,
): Promise<string | undefined> {
  try {
    return (await identity.authenticate({ cookie })).userId
  } catch (error) {
    if (isAppError(error)) return undefined
    throw error
  }
}

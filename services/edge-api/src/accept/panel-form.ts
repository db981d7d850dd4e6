import type { IncomingMessage } from 'node:http'

import { isOpenForm, panelFormBytesMax } from '@sluice/contracts/control/panel-forms'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'

import type { ByteHold } from '../byte-budget.ts'
import type { FormEnds } from '../chat-context.ts'
import type { Identity } from '../identity/identity.ts'
import type { IntakeLimits } from '../intake-limits.ts'
import { holdUntilAnswered } from '../intake-limits.ts'
import type { Sweep } from '../sweep.ts'
import { readFormBody } from './read-body.ts'

export interface PanelFormDeps {
  clock: Clock
  sweep: Sweep
  intake: Pick<IntakeLimits, 'forms' | 'openForms'>
  identity: Pick<Identity, 'authenticate' | 'beginPublicCall'>
  addressOf: (incoming: IncomingMessage) => string
}

/**
 * The body of a form that goes to the panel, read within bounds before the panel hears of it; undefined for a
 * request without a body. Sign-in and registration have a few KiB within the share of their address, and are
 * counted against it until they are whole. Any other form needs a session, and has its user's share. Of who has no
 * session nothing is read: the form is empty, and the panel leads to the login. Throws `body_too_large`,
 * `unsupported_media_type`, `request_timeout`, `caller_gone`, `too_many_attempts`, and what a byte budget throws.
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
  if (isOpenForm(path)) {
    const address = deps.addressOf(incoming)
    const uncount = deps.identity.beginPublicCall({ address, cookie: incoming.headers.cookie })
    const form = await read(holdUntilAnswered(intake.openForms, { caller: address, outgoing }))
    uncount()
    return form
  }
  const userId = await signedIn(deps, incoming)
  if (userId === undefined) return Buffer.alloc(0)
  return read(holdUntilAnswered(intake.forms, { caller: userId, outgoing }))
}

function hasBody({ method = 'GET', headers }: IncomingMessage): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function checkHead({ headers }: IncomingMessage, bytesMax: number): void {
  // Browsers say the length of a form; a body of unknown length is none of theirs.
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > bytesMax)
    throw new AppError('body_too_large', `A form may have at most ${bytesMax} bytes.`)
}

/** Without a session, or while it cannot be looked up, the panel's own page says what is wrong. */
async function signedIn(
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

import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { editChatBody } from '@sluice/protocol/edit-chat-body'
import { failureOf } from '@sluice/upstreams/failure-treatments'
import { isUpstreamError } from '@sluice/upstreams/upstream-error'

import type { ChatParts, ChatTurn } from './chat-parts.ts'
import type { Entry } from './dispatch/enter-upstream.ts'
import type { Target } from './find-target.ts'
import type { RelayEnd } from './relay-end.ts'
import type { AnswerSink } from './relay/answer-sink.ts'
import { relayCall } from './relay/relay-call.ts'
import { relayMade } from './relay/relay-made.ts'

/** One attempt with one credential, whose use is counted until its outcome is reported. */
export function attemptTarget(
  parts: ChatParts,
  turn: ChatTurn,
  { target, sink }: { target: Target; sink: AnswerSink },
): Promise<RelayEnd> {
  const { id } = target.credential
  turn.trace.channelId = target.candidate.channel.id
  turn.trace.credentialId = id
  turn.trace.attempts += 1
  parts.uses.begin(id)
  return call(parts, turn, { target, sink })
}

function call(
  parts: ChatParts,
  turn: ChatTurn,
  { target, sink }: { target: Target; sink: AnswerSink },
): Promise<RelayEnd> {
  const { dispatcher } = parts.door.deps
  const { channel, model } = target.candidate
  const { scanned } = turn
  const entry = enter(parts, target)
  if ('failureClass' in entry) {
    return Promise.resolve({ kind: 'failed', failure: entry, meter: undefined })
  }
  const hideUsage = scanned.stream && !scanned.includeUsage && asksForUsage(channel.settings)
  const edit = { model: model.upstreamModel, askForUsage: hideUsage }
  const body = editChatBody(turn.body, scanned, edit)
  if (!entry.call) return callMade(parts, turn, { entry, target, sink, hideUsage, body })
  const { includeUsage } = scanned
  return relayCall({ dispatcher, call: entry.call, body, sink, hideUsage, includeUsage })
}

/** A dialect that answers in this process. What breaks in it is a failure of its channel. */
async function callMade(
  { door }: ChatParts,
  { requestId }: ChatTurn,
  input: { entry: Entry; target: Target; sink: AnswerSink; hideUsage: boolean; body: Buffer },
): Promise<RelayEnd> {
  const { entry, target, sink, hideUsage } = input
  const { chatAnswer } = entry.upstream
  if (!chatAnswer) return { kind: 'failed', failure: failureOf('misconfigured'), meter: undefined }
  const { upstreamModel } = target.candidate.model
  const made = { access: entry.access, upstreamModel, body: objectOf(input.body) }
  try {
    return await relayMade({ begin: (signal) => chatAnswer({ ...made, signal }), sink, hideUsage })
  } catch (err) {
    const { dialect } = entry.upstream
    door.deps.log.error({ err, requestId, dialect }, 'a dialect broke')
    return { kind: 'failed', failure: failureOf('server-error'), meter: undefined }
  }
}

/** Opens the way in; a channel or secret that cannot be opened is a failure of that channel. */
function enter(parts: ChatParts, { candidate, credential }: Target) {
  try {
    return parts.enter(candidate.channel, credential) ?? failureOf('misconfigured')
  } catch (err) {
    const { channel } = candidate
    parts.door.deps.log.error({ err, channelId: channel.id }, 'a channel cannot be entered')
    return isUpstreamError(err) ? err.failure : failureOf('misconfigured')
  }
}

/** Usage in streams is asked for, unless an operator says that the upstream does not know how. */
const asksForUsage = (settings: Record<string, unknown>) =>
  settings['usageInStreams'] !== 'estimate'

// The scan has seen that the body is an object, and the dialect checks what is in it.
function objectOf(body: Buffer): Record<string, unknown> {
  return JSON.parse(body.toString()) as Record<string, unknown>
}

/** What became of a credential: for this edge at once, for all of them through the scheduler. */
export function reportOutcome(
  { uses, reports, door }: ChatParts,
  credentialId: string,
  outcome: Outcome,
): void {
  const nowMs = door.deps.clock.nowMs()
  uses.end(credentialId, outcome, nowMs)
  reports.add(credentialId, outcome, nowMs)
}

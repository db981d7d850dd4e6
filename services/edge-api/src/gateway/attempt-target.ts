import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { editChatBody } from '@sluice/protocol/edit-chat-body'
import { failureOf } from '@sluice/upstreams/failure-treatments'
import { namesField } from '@sluice/upstreams/refused-fields'
import { isUpstreamError } from '@sluice/upstreams/upstream-error'

import { promptTokensMax } from '../credit/estimate-usage.ts'
import type { ChatContext, ChatRequest } from './chat-context.ts'
import type { ChannelAccess } from './open-channel.ts'
import type { Target } from './find-target.ts'
import type { RelayEnd } from './relay-end.ts'
import type { AnswerSink } from './relay/answer-sink.ts'
import { relayCall } from './relay/relay-call.ts'
import { relayInProcess } from './relay/relay-in-process.ts'

/** Makes one attempt with one credential, which counts as in use until its outcome is reported. */
export function attemptTarget(
  context: ChatContext,
  request: ChatRequest,
  { target, sink }: { target: Target; sink: AnswerSink },
): Promise<RelayEnd> {
  const { id } = target.credential
  request.trace.channelId = target.candidate.channel.id
  request.trace.credentialId = id
  request.trace.attempts += 1
  context.uses.begin(id)
  return call(context, request, { target, sink })
}

function call(
  context: ChatContext,
  request: ChatRequest,
  { target, sink }: { target: Target; sink: AnswerSink },
): Promise<RelayEnd> {
  const { dispatcher } = context.gateway.deps
  const { channel, model } = target.candidate
  const { scanned } = request
  const channelAccess = openChannel(context, target)
  if ('failureClass' in channelAccess) {
    return Promise.resolve({ kind: 'failed', failure: channelAccess, meter: undefined })
  }
  const hideUsage =
    scanned.stream &&
    !scanned.includeUsage &&
    requestsUsage(channel.settings) &&
    !context.refused.of(channel.id).has(USAGE_FIELD)
  const bodyWith = (requestUsage: boolean) =>
    editChatBody(request.body, scanned, { model: model.upstreamModel, requestUsage })
  const body = bodyWith(hideUsage)
  if (!channelAccess.call)
    return callInProcess(context, request, { channelAccess, target, sink, hideUsage, body })
  const relay = {
    dispatcher,
    call: channelAccess.call,
    sink,
    includeUsage: scanned.includeUsage,
    promptTokensMax: promptTokensMax(scanned),
  }
  const first = relayCall({ ...relay, body, hideUsage })
  if (!hideUsage) return first
  return first.then(async (end) => {
    if (!refusesUsage(end)) return end
    request.trace.attempts += 1
    const second = await relayCall({ ...relay, body: bodyWith(false), hideUsage: false })
    if (second.kind === 'delivered') context.refused.note(channel.id, [USAGE_FIELD])
    return second
  })
}

const USAGE_FIELD = 'stream_options'

/** True when the upstream rejects `stream_options`, which we added and the caller did not send. */
function refusesUsage(end: RelayEnd): boolean {
  if (end.kind !== 'error-status' || (end.status !== 400 && end.status !== 422)) return false
  const text = end.body.toString()
  return [USAGE_FIELD, 'include_usage'].some((field) => namesField(field, { text }))
}

/** Calls a dialect that runs in this process. An exception in it counts as a failure of its channel. */
async function callInProcess(
  { gateway }: ChatContext,
  { requestId }: ChatRequest,
  input: {
    channelAccess: ChannelAccess
    target: Target
    sink: AnswerSink
    hideUsage: boolean
    body: Buffer
  },
): Promise<RelayEnd> {
  const { channelAccess, target, sink, hideUsage } = input
  const { chatAnswer } = channelAccess.upstream
  if (!chatAnswer) return { kind: 'failed', failure: failureOf('misconfigured'), meter: undefined }
  const { upstreamModel } = target.candidate.model
  const made = { access: channelAccess.access, upstreamModel, body: objectOf(input.body) }
  try {
    return await relayInProcess({
      begin: (signal) => chatAnswer({ ...made, signal }),
      sink,
      hideUsage,
    })
  } catch (err) {
    const { dialect } = channelAccess.upstream
    gateway.deps.log.error({ err, requestId, dialect }, 'a dialect threw an exception')
    return { kind: 'failed', failure: failureOf('server-error'), meter: undefined }
  }
}

/** Prepares access to the channel; an unusable channel or secret is a failure of that channel. */
function openChannel(context: ChatContext, { candidate, credential }: Target) {
  try {
    return context.openChannel(candidate.channel, credential) ?? failureOf('misconfigured')
  } catch (err) {
    const { channel } = candidate
    context.gateway.deps.log.error({ err, channelId: channel.id }, 'a channel cannot be opened')
    return isUpstreamError(err) ? err.failure : failureOf('misconfigured')
  }
}

/** Usage is requested in streams, unless the channel is configured as not supporting it. */
const requestsUsage = (settings: Record<string, unknown>) =>
  settings['usageInStreams'] !== 'estimate'

// `scanChatBody` has verified that the body is an object; the dialect validates its fields.
function objectOf(body: Buffer): Record<string, unknown> {
  return JSON.parse(body.toString()) as Record<string, unknown>
}

/** Applies the outcome of a call in this process and queues it for the scheduler. */
export function reportOutcome(
  { uses, reports, gateway }: ChatContext,
  credentialId: string,
  outcome: Outcome,
): void {
  const nowMs = gateway.deps.clock.nowMs()
  uses.end(credentialId, outcome, nowMs)
  reports.add(credentialId, outcome, nowMs)
}

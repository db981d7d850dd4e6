/**
 * The flow of a chat request: authenticate, read the body, choose channels, reserve, call the upstream, relay,
 * settle. All branching of the flow is here, in run-once.ts and in run-attempts.ts.
 *
 * Hot path: no I/O except the upstream call. Key, rate limit and allowance are checked in memory,
 * synchronously where possible. The request is always logged and its reservation always ended.
 */
import { AppError, isAppError } from '@sluice/kernel/app-error'
import { scanChatBody } from '@sluice/protocol/json-scan'
import { readIdempotencyKey } from '@sluice/service-kit/http/idempotency-key'

import { yieldForLargeBody } from '../images/read-image-body.ts'
import { readJsonBody } from '../http/read-body.ts'
import { writeError } from '../http/render-error.ts'
import { promptTokensMax } from '../credit/estimate-usage.ts'
import type { Reservation } from '../credit/wallet-allowances.ts'
import type { ChatCall, ChatContext, ChatRequest } from './chat-context.ts'
import { CHAT_ROUTE } from './chat-context.ts'
import type { AttemptsEnd } from './end-answer.ts'
import { findRoutes, priceOf, worstCase } from './find-model.ts'
import { delegateToImages } from './delegate-to-images.ts'
import { holdUntilAnswered, isLargeBody } from '../intake-limits.ts'
import type { Principal } from '../http/request.ts'
import { AnswerSink } from './relay/answer-sink.ts'
import { runAttempts } from './run-attempts.ts'
import { runOnce } from './run-once.ts'
import type { ChatTrace } from './chat-trace.ts'
import { chatTrace, endTrace } from './chat-trace.ts'
import type { CopiedAnswer } from '../limits/copy-answer.ts'
import { settleChat } from './settle-chat.ts'

/**
 * Handles a chat completion. Never rejects: every failure becomes an error response or a closed connection.
 */
export async function runChat(context: ChatContext, call: ChatCall): Promise<void> {
  const { deps, record } = context.gateway
  const requestId = context.newRequestId()
  const trace = chatTrace({ requestId, route: CHAT_ROUTE, receivedAtMs: deps.clock.nowMs() })
  context.running.count += 1
  try {
    await answerChat(context, call, trace)
  } catch (error) {
    trace.errorCode = isAppError(error) ? error.code : 'internal_error'
    if (trace.errorCode === 'internal_error') {
      deps.log.error({ err: error, requestId, route: CHAT_ROUTE }, 'request failed')
    }
    trace.status = writeError(call.outgoing, error, requestId)
  } finally {
    context.running.count -= 1
    // The image routes log the request themselves, with the task id.
    if (!trace.isDelegated) record(endTrace(trace, deps.clock.nowMs()))
  }
}

async function answerChat(context: ChatContext, call: ChatCall, trace: ChatTrace): Promise<void> {
  const { gateway, running } = context
  const { config, clock } = gateway.deps
  if (running.count > config.requestsInFlightMax) throw atCapacity(context)

  const admitting = context.admission.admit(call.incoming)
  const principal = admitting instanceof Promise ? await admitting : admitting
  trace.apiKeyId = principal.apiKeyId
  trace.wallet = principal.wallet

  const { bodyBytesMax: bytesMax } = config
  const limits = { bytesMax, clock, sweep: gateway.sweep }
  const body = isLargeBody(call.incoming)
    ? await readLargeBody(gateway, { principal, call })
    : await readJsonBody(limits, call.incoming)
  const scanned = scanChatBody(body)
  trace.streamed = scanned.stream
  const snapshot = gateway.catalog.current()
  const routes = findRoutes(snapshot, principal, scanned)
  trace.model = routes.model
  if (routes.chat.length === 0)
    return delegateToImages(context, call, { principal, body, scanned, trace })

  const price = priceOf(snapshot, routes.model, clock.now())
  const { requestId } = trace
  const request: ChatRequest = {
    incoming: call.incoming,
    outgoing: call.outgoing,
    requestId,
    principal,
    body,
    scanned,
    model: routes.model,
    routes,
    price,
    trace,
  }
  const key = readIdempotencyKey(call.incoming.headers)
  const run = principal.dailyQuotaMicro === null ? payAndRun : runWithinQuota
  if (key === undefined) return run(context, request, undefined)
  return runOnce(context, request, { key, run: (copy) => run(context, request, copy) })
}

/** Reads a large body: checks the funds first, and counts it in the body budget until the response closes. */
async function readLargeBody(
  { deps, sweep, intake, catalog, quotas }: ChatContext['gateway'],
  { principal, call }: { principal: Principal; call: ChatCall },
): Promise<Buffer> {
  const { prices } = catalog.current()
  await intake.checkFunds({ wallet: principal.wallet, prices: prices.rows, requested: 'anything' })
  if (principal.dailyQuotaMicro !== null) await quotas.check(principal, 1n)
  const { apiKeyId: caller } = principal
  const hold = holdUntilAnswered(intake.bodies, { caller, outgoing: call.outgoing })
  const { bodyBytesMax: bytesMax } = deps.config
  const body = await readJsonBody({ bytesMax, clock: deps.clock, sweep, hold }, call.incoming)
  await yieldForLargeBody(body)
  return body
}

/** Runs the request of a key with a daily quota: reserves the worst case first, settles it last. */
async function runWithinQuota(
  context: ChatContext,
  request: ChatRequest,
  copy: CopiedAnswer | undefined,
): Promise<void> {
  const { quotas } = context.gateway
  const amount = { ref: request.requestId, amountMicro: worstCase(request) }
  const { apiKeyId } = request.principal
  const reservation = await quotas.reserve(request.principal, amount).catch((error: unknown) => {
    // The reservation may exist although its response was lost; the request id is never reused.
    if (isAppError(error, 'unavailable')) quotas.settle({ ref: amount.ref, apiKeyId }, 0n)
    throw error
  })
  try {
    await payAndRun(context, request, copy)
  } finally {
    quotas.settle(reservation, request.trace.amountMicro)
  }
}

/** Reserves the worst case, runs, and settles the usage; the reservation always ends. */
async function payAndRun(
  context: ChatContext,
  request: ChatRequest,
  copy: CopiedAnswer | undefined,
): Promise<void> {
  const { allowances, gateway, usage } = context
  const { clock, config } = gateway.deps
  const { wallet } = request.principal
  if (!usage.healthy()) throw new AppError('unavailable', 'Usage cannot be recorded now.')
  const worstMicro = worstCase(request)
  const reservation =
    allowances.tryReserve(wallet, worstMicro) ?? (await allowances.reserve(wallet, worstMicro))
  const allowedMs = request.scanned.stream ? config.streamMsMax : config.syncWaitMs
  const sink = new AnswerSink({
    outgoing: request.outgoing,
    requestId: request.requestId,
    stream: request.scanned.stream,
    deadlineMs: request.trace.receivedAtMs + allowedMs,
    clock,
    copy,
  })
  gateway.sweep.add(sink)
  try {
    const startedMs = clock.monotonicMs()
    const end = await runAttempts(context, request, sink)
    context.times.note(clock.monotonicMs() - startedMs)
    settle(context, request, reservation, end)
  } finally {
    gateway.sweep.delete(sink)
    request.trace.firstByteAtMs = sink.firstByteAtMs
    if (reservation.open) allowances.spend(reservation, 0n)
  }
}

function settle(
  { allowances, usage, gateway }: ChatContext,
  request: ChatRequest,
  reservation: Reservation,
  { meter, endState }: AttemptsEnd,
): void {
  const { requestId, principal, model, price, scanned, trace } = request
  const record = settleChat({
    requestId,
    apiKeyId: principal.apiKeyId,
    wallet: principal.wallet,
    allowanceId: reservation.allowance.id,
    model,
    price,
    reservedMicro: reservation.amountMicro,
    meter,
    promptTokensMax: promptTokensMax(scanned),
    endState,
    endedAt: gateway.deps.clock.now(),
  })
  allowances.spend(reservation, record?.amountMicro ?? 0n)
  if (!record) return
  usage.add(record)
  trace.amountMicro = record.amountMicro
  if (record.usage.kind !== 'tokens') return
  trace.inputTokens = record.usage.input
  trace.outputTokens = record.usage.output
}

function atCapacity({ times, running }: ChatContext): AppError {
  const retryAfterMs = times.freeInMs(running.count)
  return new AppError('overloaded', 'This server is at its capacity.', { retryAfterMs })
}

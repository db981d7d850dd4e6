/**
 * THE TABLE OF CONTENTS of a chat request: accept, admit, choose, dispatch, relay, settle. All branching
 * of the flow is here, in run-once.ts and in run-attempts.ts.
 *
 * Hot path: no I/O of our own but the upstream's. Key, limit and money are decided in memory, and where
 * they are, without a promise. Whatever happens, the request is recorded and its reservation ended.
 */
import { AppError, isAppError } from '@sluice/kernel/app-error'
import { scanChatBody } from '@sluice/protocol/json-scan'

import { othersFirst } from './accept/images-body.ts'
import { readJsonBody } from './accept/read-body.ts'
import { writeError } from './accept/render-error.ts'
import { readIdempotencyKey } from './admit/claim-answer.ts'
import { promptTokensMax } from './admit/estimate-usage.ts'
import type { Reservation } from './admit/wallet-allowances.ts'
import type { ChatCall, ChatContext, ChatRequest } from './chat-context.ts'
import { CHAT_ROUTE } from './chat-context.ts'
import type { AttemptsEnd } from './end-answer.ts'
import { findRoutes, priceOf, worstCase } from './find-model.ts'
import { delegateToImages } from './delegate-to-images.ts'
import { holdUntilAnswered, isLargeBody } from './intake-limits.ts'
import type { Principal } from './request.ts'
import { AnswerSink } from './relay/answer-sink.ts'
import { runAttempts } from './run-attempts.ts'
import { runOnce } from './run-once.ts'
import type { ChatTrace } from './settle/chat-trace.ts'
import { chatTrace, endTrace } from './settle/chat-trace.ts'
import type { CopiedAnswer } from './settle/copy-answer.ts'
import { settleChat } from './settle/settle-chat.ts'

/** Answers a chat completion. Never rejects: every failure is an answer, or a connection that ends. */
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
    // An image request writes its own line: it knows the job.
    if (!trace.handedOver) record(endTrace(trace, deps.clock.nowMs()))
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
  const turn: ChatRequest = {
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
  const key = readIdempotencyKey(call.incoming.headers['idempotency-key'])
  const run = principal.dailyQuotaMicro === null ? payAndRun : runWithinQuota
  if (key === undefined) return run(context, turn, undefined)
  return runOnce(context, turn, { key, run: (copy) => run(context, turn, copy) })
}

/** The same for who can pay at all, within what bodies may fill of memory, until the answer is out. */
async function readLargeBody(
  { deps, sweep, intake, catalog, quotas }: ChatContext['gateway'],
  { principal, call }: { principal: Principal; call: ChatCall },
): Promise<Buffer> {
  const { prices } = catalog.current()
  await intake.checkFunds({ wallet: principal.wallet, prices: prices.rows, asked: 'anything' })
  if (principal.dailyQuotaMicro !== null) await quotas.check(principal, 1n)
  const { apiKeyId: caller } = principal
  const hold = holdUntilAnswered(intake.bodies, { caller, outgoing: call.outgoing })
  const { bodyBytesMax: bytesMax } = deps.config
  const body = await readJsonBody({ bytesMax, clock: deps.clock, sweep, hold }, call.incoming)
  await othersFirst(body)
  return body
}

/** The same for a key with a daily quota: its part of the day is set aside first, and settled last. */
async function runWithinQuota(
  context: ChatContext,
  turn: ChatRequest,
  copy: CopiedAnswer | undefined,
): Promise<void> {
  const { quotas } = context.gateway
  const amount = { ref: turn.requestId, amountMicro: worstCase(turn) }
  const { apiKeyId } = turn.principal
  const reservation = await quotas.reserve(turn.principal, amount).catch((error: unknown) => {
    // It may be there although its answer was lost; the request's id is never used again.
    if (isAppError(error, 'unavailable')) quotas.settle({ ref: amount.ref, apiKeyId }, 0n)
    throw error
  })
  try {
    await payAndRun(context, turn, copy)
  } finally {
    quotas.settle(reservation, turn.trace.amountMicro)
  }
}

/** Reserves the worst case, runs, and settles what was used; the reservation ends whatever happens. */
async function payAndRun(
  context: ChatContext,
  turn: ChatRequest,
  copy: CopiedAnswer | undefined,
): Promise<void> {
  const { allowances, gateway, usage } = context
  const { clock, config } = gateway.deps
  const { wallet } = turn.principal
  if (!usage.healthy()) throw new AppError('unavailable', 'Usage cannot be recorded now.')
  const worstMicro = worstCase(turn)
  const reservation =
    allowances.tryReserve(wallet, worstMicro) ?? (await allowances.reserve(wallet, worstMicro))
  const allowedMs = turn.scanned.stream ? config.streamMsMax : config.syncWaitMs
  const sink = new AnswerSink({
    outgoing: turn.outgoing,
    requestId: turn.requestId,
    stream: turn.scanned.stream,
    deadlineMs: turn.trace.receivedAtMs + allowedMs,
    clock,
    copy,
  })
  gateway.sweep.add(sink)
  try {
    const startedMs = clock.monotonicMs()
    const end = await runAttempts(context, turn, sink)
    context.times.note(clock.monotonicMs() - startedMs)
    settle(context, turn, reservation, end)
  } finally {
    gateway.sweep.delete(sink)
    turn.trace.firstByteAtMs = sink.firstByteAtMs
    if (reservation.open) allowances.spend(reservation, 0n)
  }
}

function settle(
  { allowances, usage, gateway }: ChatContext,
  turn: ChatRequest,
  reservation: Reservation,
  { meter, endState }: AttemptsEnd,
): void {
  const { requestId, principal, model, price, scanned, trace } = turn
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

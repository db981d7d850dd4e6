import { AppError } from '@sluice/kernel/app-error'

import { replayAnswer } from '../http/render-error.ts'
import { claimAnswer } from '../limits/claim-answer.ts'
import type { ChatContext, ChatRequest } from './chat-context.ts'
import { CHAT_ROUTE } from './chat-context.ts'
import { CopiedAnswer } from '../limits/copy-answer.ts'

/** Runs a request with an Idempotency-Key, or replays its stored response. */
export async function runOnce(
  context: ChatContext,
  request: ChatRequest,
  { key, run }: { key: string; run: (copy: CopiedAnswer) => Promise<void> },
): Promise<void> {
  const { gateway } = context
  const { answerStore, clock } = gateway.deps
  const gone = new AbortController()
  request.outgoing.once('close', () =>
    gone.abort(new AppError('caller_gone', 'The caller closed the connection.')),
  )
  const { apiKeyId } = request.principal
  const holder = request.requestId
  const input = {
    apiKeyId,
    route: CHAT_ROUTE,
    key,
    holder,
    body: request.body,
    signal: gone.signal,
  }
  const claimed = await claimAnswer(
    { answerStore, clock, waits: gateway.intake.answerWaits },
    input,
  )
  if (claimed.outcome === 'replay') {
    request.trace.status = claimed.answer.status
    return replayAnswer(request.outgoing, claimed.answer)
  }
  const copy = new CopiedAnswer()
  const { name } = claimed
  let isStored = false
  context.running.claims.add(holder)
  try {
    await run(copy)
    const { errorCode, status, amountMicro } = request.trace
    isStored = amountMicro > 0n || (errorCode === null && status === 200)
  } finally {
    context.running.claims.delete(holder)
    // A failure without a charge releases the key, so that the next repeat runs again.
    const answer = copy.answer(request.requestId)
    if (isStored) await answerStore.saveAnswer({ ...name, holder, answer })
    else await answerStore.release({ ...name, holder })
  }
}

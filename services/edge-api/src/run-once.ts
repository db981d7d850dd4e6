import { AppError } from '@sluice/kernel/app-error'

import { replayAnswer } from './accept/render-error.ts'
import { claimAnswer } from './admit/claim-answer.ts'
import type { ChatContext, ChatRequest } from './chat-context.ts'
import { CHAT_ROUTE } from './chat-context.ts'
import { CopiedAnswer } from './settle/copy-answer.ts'

/** Runs a request that carries an Idempotency-Key, or answers what it was answered before. */
export async function runOnce(
  context: ChatContext,
  turn: ChatRequest,
  { key, run }: { key: string; run: (copy: CopiedAnswer) => Promise<void> },
): Promise<void> {
  const { gateway } = context
  const { answerStore, clock } = gateway.deps
  const gone = new AbortController()
  turn.outgoing.once('close', () => gone.abort(new AppError('caller_gone', 'The caller hung up.')))
  const { apiKeyId } = turn.principal
  const holder = turn.requestId
  const input = { apiKeyId, route: CHAT_ROUTE, key, holder, body: turn.body, signal: gone.signal }
  const claimed = await claimAnswer(
    { answerStore, clock, waits: gateway.intake.answerWaits },
    input,
  )
  if (claimed.outcome === 'replay') {
    turn.trace.status = claimed.answer.status
    return replayAnswer(turn.outgoing, claimed.answer)
  }
  const copy = new CopiedAnswer()
  const { name } = claimed
  let keep = false
  context.running.claims.add(holder)
  try {
    await run(copy)
    const { errorCode, status, amountMicro } = turn.trace
    keep = amountMicro > 0n || (errorCode === null && status === 200)
  } finally {
    context.running.claims.delete(holder)
    // A failure that cost nothing frees the key: the next repeat runs anew.
    const answer = copy.answer(turn.requestId)
    if (keep) await answerStore.saveAnswer({ ...name, holder, answer })
    else await answerStore.release({ ...name, holder })
  }
}

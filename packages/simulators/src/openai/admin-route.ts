import type { Answer } from './answer.ts'
import { json, refusal } from './answer.ts'
import type { createScript } from './fault.ts'
import { scriptBody } from './fault.ts'
import type { Call } from './read-call.ts'
import type { RequestLog } from './request-log.ts'

/**
 * Control routes for tests in another process: `POST /__script {reset?, faults}` and `GET /__log`; neither is
 * logged. Undefined for every other path.
 */
export function answerAdmin(
  { script, log }: { script: ReturnType<typeof createScript>; log: RequestLog },
  { call }: { call: Call },
): Answer | undefined {
  if (call.path === '/__log') return json({ entries: log.entries() })
  if (call.path !== '/__script') return undefined
  const body = scriptBody.safeParse(call.fields)
  if (!body.success) return refusal(400, { message: body.error.message })
  if (body.data.reset) script.reset()
  script.add(body.data.faults)
  return json({ added: body.data.faults.length })
}

import type { EdgeDeps } from '../../deps.ts'

/** Has every edge look at the key anew, at once. Should it get lost, the outbox row says it again. */
export async function announceKeyChange(
  { bus, log }: Pick<EdgeDeps, 'bus' | 'log'>,
  { apiKeyId }: { apiKeyId: string },
): Promise<void> {
  try {
    await bus.announce('api-key-changed', { apiKeyId })
  } catch (err) {
    log.warn({ err, apiKeyId }, 'changed API key not announced')
  }
}

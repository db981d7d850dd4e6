import type { EdgeDeps } from '../../deps.ts'

/** Makes every edge reload the key at once. If the event is lost, the outbox row publishes it again. */
export async function publishKeyChange(
  { bus, log }: Pick<EdgeDeps, 'bus' | 'log'>,
  { apiKeyId }: { apiKeyId: string },
): Promise<void> {
  try {
    await bus.announce('api-key-changed', { apiKeyId })
  } catch (err) {
    log.warn({ err, apiKeyId }, 'changed API key not announced')
  }
}

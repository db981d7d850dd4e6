import type { SchedulerContext } from '../deps.ts'

/**
 * Reloads the catalog after a committed change and announces it to other replicas and edges. Failures are only
 * logged: the change is committed, and the outbox relay announces it again.
 */
export async function publishChange(
  { catalog, hints, log }: Pick<SchedulerContext, 'catalog' | 'hints' | 'log'>,
  { freed }: { freed: readonly string[] },
): Promise<void> {
  await catalog
    .reload()
    .catch((err: unknown) => log.warn({ err }, 'the catalog could not be reloaded after a change'))
  await hints.catalogChanged({ version: catalog.current().version })
  await hints.leaseFreed(freed)
}

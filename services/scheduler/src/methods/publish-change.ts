import type { SchedulerContext } from '../deps.ts'

/**
 * After a change of the catalog was committed: this replica reads it, the others and the edges are told.
 * Nothing here may fail the verb: the change is true, and the outbox tells it again.
 */
export async function publishChange(
  { catalog, hints, log }: Pick<SchedulerContext, 'catalog' | 'hints' | 'log'>,
  { freed }: { freed: readonly string[] },
): Promise<void> {
  await catalog
    .reload()
    .catch((err: unknown) => log.warn({ err }, 'the changed catalog could not be read yet'))
  await hints.catalogChanged({ version: catalog.current().version })
  await hints.leaseFreed(freed)
}

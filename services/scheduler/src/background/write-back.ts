import type { SchedulerContext } from '../deps.ts'
import { idleStatus } from '../eligibility/eligibility.ts'
import { lastingHealth } from '../eligibility/lasting-health.ts'

/**
 * Reads the status of all credentials from the pool and writes the health that must survive a restart to
 * their rows: attention and long cooldowns. It compares state instead of handling events, so that other
 * replicas write what a dead replica has not written. Concurrent equal writes change a row once.
 */
export async function writeBack({
  catalogStore,
  catalog,
  pool,
  hints,
  clock,
}: Pick<SchedulerContext, 'catalogStore' | 'catalog' | 'pool' | 'hints' | 'clock'>): Promise<void> {
  const { credentials } = catalog.current()
  await pool.refresh([...credentials.keys()])
  const statuses = pool.statuses()
  const nowMs = clock.nowMs()
  const rows = [...credentials.values()].flatMap((credential) => {
    const status = statuses.get(credential.id) ?? idleStatus
    const lasting = lastingHealth(credential, { status, nowMs })
    const { id: credentialId, epoch } = credential
    return lasting ? [{ credentialId, epoch, ...lasting }] : []
  })
  if (rows.length === 0) return
  const changed = await catalogStore.writeHealth({ rows, at: clock.now() })
  // Cooldowns are frequent, and reading them back would read every row of the catalog.
  if (rows.some(({ attention }) => attention !== null)) await catalog.reload()
  else catalog.applyCooldowns(rows)
  if (changed > 0) await hints.catalogChanged({ version: catalog.current().version })
}

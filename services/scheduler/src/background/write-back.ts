import type { SchedulerContext } from '../deps.ts'
import { idleStatus } from '../eligibility/eligible.ts'
import { lastingHealth } from '../eligibility/lasting-health.ts'

/**
 * Reads how credentials stand with all replicas, and writes what a restart must not forget to their rows:
 * attention and long rests. By difference, not by event, so that what a dead replica left undone is done
 * by the others. Replicas that write the same at once change it once.
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
  const standings = pool.standings()
  const nowMs = clock.nowMs()
  const rows = [...credentials.values()].flatMap((credential) => {
    const status = standings.get(credential.id) ?? idleStatus
    const lasting = lastingHealth(credential, { status, nowMs })
    const { id: credentialId, epoch } = credential
    return lasting ? [{ credentialId, epoch, ...lasting }] : []
  })
  if (rows.length === 0) return
  const changed = await catalogStore.writeHealth({ rows, at: clock.now() })
  await catalog.reload()
  if (changed > 0) await hints.catalogChanged({ version: catalog.current().version })
}

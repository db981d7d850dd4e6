// A separate process, so that it does not delay the measuring one: repeats one attack until SIGTERM and
// prints the status counts.
import type { AttackName, AttackTarget } from '@sluice/e2e/harness/attacks'
import { attacks, holdBodies } from '@sluice/e2e/harness/attacks'

const [name = '', targetJson = '', sizeJson = ''] = process.argv.slice(2)
// Serialised by bench-attack.ts.
const target = JSON.parse(targetJson) as AttackTarget
const size = JSON.parse(sizeJson) as { atOnce: number; bodyBytes: number }
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())

const total: Record<string, number> = {}
if (name === 'held bodies') {
  const release = await holdBodies(target, size)
  while (!stop.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 100))
  release()
} else {
  while (!stop.signal.aborted) {
    const counts = await attacks[name as AttackName](target, size)
    for (const [status, count] of Object.entries(counts))
      total[status] = (total[status] ?? 0) + count
  }
}
process.stdout.write(JSON.stringify(total))
process.exit()

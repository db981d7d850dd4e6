import { isAppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import { startDeadline } from '@sluice/kernel/deadline'
import { singleFlight } from '@sluice/kernel/single-flight'
import { Hono } from 'hono'

import type { Metrics } from '../metrics.ts'
import { redactText } from '../redact-text.ts'

const CHECK_WITHIN_MS = 2_000

/** Resolves when the dependency answers; rejects with the reason when it does not. */
export type HealthCheck = (signal: AbortSignal) => Promise<void>

type Finding = { ok: true } | { ok: false; why: string }

/**
 * `/health` answers 200 while the process runs, independent of its dependencies. `/ready` checks each
 * dependency and answers 503 while one fails or the process is stopping. `/metrics` is for Prometheus.
 */
export function healthRoutes({
  checks,
  metrics,
  stopping = () => false,
  clock = systemClock,
}: {
  checks: Record<string, HealthCheck>
  metrics: Metrics
  stopping?: () => boolean
  clock?: Clock
}): Hono {
  const app = new Hono()
  // Parallel probes share one run of the checks.
  const runs = singleFlight<Record<string, Finding>>()

  app.get('/health', (c) => c.json({ status: 'alive' }))
  app.get('/ready', async (c) => {
    c.header('cache-control', 'no-store')
    if (stopping()) return c.json({ status: 'stopping', checks: {} }, 503)
    const findings = await runs.run('all', () => runChecks(checks, clock))
    const ready = Object.values(findings).every(({ ok }) => ok)
    return c.json({ status: ready ? 'ready' : 'not ready', checks: findings }, ready ? 200 : 503)
  })
  app.get('/metrics', async (c) => {
    const { contentType, body } = await metrics.render()
    return c.body(body, 200, { 'content-type': contentType, 'cache-control': 'no-store' })
  })
  return app
}

async function runChecks(checks: Record<string, HealthCheck>, clock: Clock) {
  const findings = await Promise.all(
    Object.entries(checks).map(
      async ([name, check]) => [name, await runCheck(check, clock)] as const,
    ),
  )
  return Object.fromEntries(findings)
}

async function runCheck(check: HealthCheck, clock: Clock): Promise<Finding> {
  const deadline = startDeadline(clock, CHECK_WITHIN_MS)
  const timeout = new Promise<never>((_, reject) => {
    const giveUp = () => reject(new Error(`no answer within ${CHECK_WITHIN_MS} ms`))
    deadline.signal.addEventListener('abort', giveUp, { once: true })
  })
  try {
    await Promise.race([check(deadline.signal), timeout])
    return { ok: true }
  } catch (error) {
    return { ok: false, why: redactText(reasonOf(error)) }
  } finally {
    deadline.clear()
  }
}

function reasonOf(error: unknown): string {
  if (isAppError(error)) return `${error.code}: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}

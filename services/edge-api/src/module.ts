import type { IncomingMessage } from 'node:http'

import { chatLimits } from '@sluice/attempts/attempt-limits'
import { createRetries } from '@sluice/attempts/retries'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import type { Unsubscribe } from '@sluice/bus/bus'
import { CALLER_HEADER } from '@sluice/contracts/control/caller-header'
import { newId } from '@sluice/kernel/ids'
import { createJobHub } from '@sluice/jobs/job-hub'
import type { HealthCheck } from '@sluice/service-kit/http/health'
import { refusedFields } from '@sluice/upstreams/refused-fields'

import { isApiCall } from './http/api-paths.ts'
import { readPanelForm } from './control/panel-form.ts'
import { createPublicApp, assignRequestId } from './public-app.ts'
import { errorResponse } from './http/render-error.ts'
import { createAdmission } from './admit.ts'
import { createAllowancePool } from './credit/allowance-pool.ts'
import { createAuthenticator } from './auth/authenticate.ts'
import { createCallerStamps } from './auth/caller-stamps.ts'
import { createDailyQuotas } from './limits/daily-quotas.ts'
import { createGuessLimit } from './auth/guess-limit.ts'
import { createRateLimiter } from './limits/rate-limiter.ts'
import { fullCallerAddress, networkOf } from './auth/read-credentials.ts'
import { createCallTimes } from './limits/call-times.ts'
import type { ChatContext } from './gateway/chat-context.ts'
import type { EdgeConfig } from './config.ts'
import { countRequests } from './control/count-requests.ts'
import { createControl } from './control/create-control.ts'
import { mountControl } from './control/mount-control.ts'
import type { EdgeDeps } from './deps.ts'
import { credentialUses } from './routing/credential-uses.ts'
import { createChannelOpener } from './gateway/open-channel.ts'
import { outcomeReports } from './gateway/report-outcomes.ts'
import type { GatewayContext } from './gateway-context.ts'
import { drainCalls } from './gateway/drain-calls.ts'
import { edgeMetrics } from './usage/edge-metrics.ts'
import { countSignIns } from './identity/count-sign-ins.ts'
import { createIdentity } from './identity/create-identity.ts'
import type { Identity } from './identity/identity.ts'
import { createHoldReturns } from './credit/hold-returns.ts'
import { createIntakeLimits } from './intake-limits.ts'
import { keyHash } from './auth/key-hash.ts'
import { registerGauges } from './register-gauges.ts'
import type { EdgeApp, EdgeEnv } from './http/request.ts'
import { requestIds } from './http/request-ids.ts'
import { touchUsedKeys } from './usage/touch-used-keys.ts'
import { requestLog } from './usage/request-log.ts'
import { usageOutbox } from './usage/usage-outbox.ts'
import { usageSpool } from './usage/usage-spool.ts'
import { createSweep } from './http/sweep.ts'
import { createCatalogCache } from './routing/refresh-catalog.ts'
import { startBackgroundTasks } from './background/start-background-tasks.ts'
import { watchRevisions } from './background/watch-revisions.ts'

export { defaultEdgeConfig, intakeConfigOf, intakeEnvironment } from './config.ts'

export interface EdgeApi {
  /** Users and their sessions. */
  identity: Identity
  /** The public app. More routes may be mounted on it before it serves its first request. */
  app: EdgeApp
  /**
   * Loads the catalog, subscribes to events, starts background tasks. Resolves also while a dependency is
   * down.
   */
  start(): Promise<void>
  /**
   * Ends open-ended streams. Must be called before the server drains, because draining waits for all running
   * requests.
   */
  endStreams(): void
  /** Waits for running requests within the limit, then sends usage and closes allowances. */
  stop(limit: { withinMs: number }): Promise<void>
  /** True for requests that `app` answers with an API error although no route matches (`isApiCall`). */
  isApiCall(incoming: IncomingMessage, path: string): boolean
  /** The signed client address of a request, for a panel that is mounted in this process. */
  stampCaller(incoming: IncomingMessage): string
  /**
   * For the same panel: reads the form of a request within its limits (`readPanelForm`), then calls
   * `respond`. A refused form is answered with an error response.
   */
  answerForm(
    env: EdgeEnv['Bindings'],
    path: string,
    respond: (form: Buffer | undefined) => Promise<Response>,
  ): Promise<Response>
  /** For /ready. */
  checks: Record<string, HealthCheck>
}

/** Creates the public gateway module. Opens no socket and reads no environment. */
export function createEdgeApi(deps: EdgeDeps): EdgeApi {
  const { clock, random, log, bus, config, billing, scheduler } = deps
  const edge = newId('edge', deps)
  const newRequestId = requestIds(deps)
  const sweep = createSweep(clock)
  const guesses = createGuessLimit()
  const authenticator = createAuthenticator({
    keyStore: deps.keyStore,
    keyHash: keyHash(deps.pepper),
    guesses,
    clock,
    log,
  })
  const limiter = createRateLimiter({ store: deps.rateStore, clock })
  const { trustedProxyHops } = config
  const { stampCaller, addressOf } = callers(deps)
  const admission = createAdmission({ authenticator, limiter, trustedProxyHops })
  const { spoolDir, spoolBytesMax, spoolFirst } = config
  const spool = usageSpool({ folder: spoolDir, bytesMax: spoolBytesMax, clock, random, log })
  const usage = usageOutbox({ billing, spool, spoolFirst, clock, log })
  const { settleNow } = usage
  const returns = createHoldReturns(deps)
  const allowances = createAllowancePool({ billing, edge, settleNow, returns, clock, random, log })
  const catalog = createCatalogCache({ scheduler, billing, bus, clock, log })
  const everyMs = config.catalogMaxAgeMs
  const revisions = watchRevisions({ ...deps, catalog, authenticator, everyMs })
  const reports = outcomeReports({ scheduler, clock, log })
  const rows = requestLog({ store: touchUsedKeys(deps.requestLogStore, deps), clock, log })
  const counters = edgeMetrics(deps.metrics, clock)
  const jobHub = createJobHub({ bus, store: deps.jobs, clock, log })
  const running = { count: 0, claims: new Set<string>(), images: 0 }
  const draining = new AbortController()
  const quotas = createDailyQuotas({ ...deps, aliveMsMax: aliveMsMaxOf(config) })
  const gateway: GatewayContext = {
    deps,
    quotas,
    holdReturns: returns,
    running,
    intake: createIntakeLimits(deps),
    draining: draining.signal,
    catalog,
    jobHub,
    sweep,
    async admit(context) {
      const receivedAtMs = clock.nowMs()
      const requestId = assignRequestId(context, newRequestId)
      const principal = await admission.admit(context.env.incoming)
      return { requestId, principal, receivedAtMs }
    },
    record(record) {
      rows.add(record)
      counters.count(record)
    },
  }
  const users = createIdentity({ ...deps, ...config, store: deps.identityStore })
  const identity = countSignIns(users, deps.metrics)
  const { intake } = gateway
  const context: ChatContext = {
    gateway,
    edge,
    newRequestId,
    stampCaller,
    readForm: (ends) => readPanelForm({ clock, sweep, intake, identity, addressOf }, ends),
    admission,
    allowances,
    uses: credentialUses(),
    times: createCallTimes(),
    refused: refusedFields(deps),
    reports,
    openChannel: createChannelOpener(deps),
    retries: createRetries(chatLimits),
    usage,
    running,
  }
  registerGauges(deps, context, rows.dropped)
  const app = createPublicApp(context)
  mountControl(
    app,
    {
      clock,
      sweep,
      bodies: intake.bodies,
      count: countRequests(deps.metrics),
      publicOrigin: config.publicBaseUrl && new URL(config.publicBaseUrl).origin,
      addressOf,
      beginPublicCall: identity.beginPublicCall,
      assignRequestId: (context) => assignRequestId(context, newRequestId),
      authenticate: ({ cookie, authorization }) => identity.authenticate({ cookie, authorization }),
    },
    createControl({ gateway, identity, version: config.version }),
  )
  let stopBackgroundTasks: (() => Promise<void>) | undefined
  let unsubscribe: Unsubscribe | undefined

  return {
    identity,
    app,
    stampCaller,
    answerForm: async (env, path, respond) => {
      try {
        return await respond(await context.readForm({ ...env, path }))
      } catch (error) {
        if (!isAppError(error)) throw error
        assignRequestId({ env }, newRequestId)
        return errorResponse(error, { env })
      }
    },
    isApiCall: ({ method = 'GET', headers }, path) => isApiCall({ method, path, headers }),
    async start() {
      unsubscribe = await bus.subscribe('api-key-changed', ({ apiKeyId }) =>
        authenticator.invalidate([apiKeyId]),
      )
      await jobHub.start()
      await revisions.start()
      await catalog.start()
      usage.start()
      counters.start()
      stopBackgroundTasks = startBackgroundTasks(context, identity)
    },
    endStreams: () => draining.abort(),
    async stop({ withinMs }) {
      draining.abort()
      await drainCalls(context, withinMs)
      await stopBackgroundTasks?.()
      await usage.stop()
      await quotas.stop()
      await returns.backgroundTasks()
      await allowances.close()
      await reports.stop()
      await rows.stop()
      counters.stop()
      await revisions.stop()
      await catalog.stop()
      await jobHub.stop()
      await unsubscribe?.()
      sweep.stop()
    },
    checks: {
      catalog: async () => void catalog.current(),
      bus: async () => {
        if (!bus.connected()) throw new AppError('unavailable', 'the bus is not connected')
      },
      usage: async () => {
        if (!usage.healthy())
          throw new AppError('unavailable', 'usage can neither be sent nor stored')
      },
    },
  }
}

/** Client address of a request: the one in the panel's signed stamp, or the address of the connection. */
function callers({ pepper, clock, config: { trustedProxyHops } }: EdgeDeps) {
  const stamps = createCallerStamps({ pepper, clock })
  const connectionAddress = (incoming: IncomingMessage) =>
    fullCallerAddress(incoming, trustedProxyHops)
  return {
    stampCaller: (incoming: IncomingMessage) => stamps.write(connectionAddress(incoming)),
    addressOf: (incoming: IncomingMessage) =>
      networkOf(stamps.read(incoming.headers[CALLER_HEADER]) ?? connectionAddress(incoming)),
  }
}

const SETTLE_MS_MAX = 600_000

// A call ends by its deadline; settling it afterwards takes minutes at most.
const aliveMsMaxOf = ({ streamMsMax, syncWaitMs }: EdgeConfig) =>
  Math.max(streamMsMax, syncWaitMs) + SETTLE_MS_MAX

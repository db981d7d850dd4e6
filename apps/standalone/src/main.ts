import { isBuiltIn } from '@sluice/contracts/dialects'
import { lockFolder } from '@sluice/db/embedded/lock-folder'
import { createPrivateFolder } from '@sluice/db/embedded/create-private-folder'
import { verifySecrets } from '@sluice/db/secret-checks'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { armCrashPoint } from '@sluice/service-kit/crash-point'
import { connectionLimits } from '@sluice/service-kit/http/connections'
import type { HttpServer } from '@sluice/service-kit/http/serve-http'
import { serveHttp } from '@sluice/service-kit/http/serve-http'
import { createLifecycle } from '@sluice/service-kit/lifecycle'
import { createLog } from '@sluice/service-kit/log'
import { readConfig } from '@sluice/service-kit/read-config'
import { runUntilSignal } from '@sluice/service-kit/run-until-signal'

import { standaloneConfig } from './config.ts'
import { frontHandler } from './front-handler.ts'
import { givenSecrets, readSettings } from './settings.ts'
import { firstStart } from './start/first-start.ts'
import { describeFirstStart, describeNextSteps } from './start/start-messages.ts'
import { listUpstreamModels } from './start/list-upstream-models.ts'
import { openDatabase } from './start/open-database.ts'
import { isPanelError } from './start/is-panel-error.ts'
import { openPanel, PANEL_BUILDS } from './start/open-panel.ts'
import { wireEmbedded } from './wire-embedded.ts'

const fixture = { clock: systemClock, random: systemRandom }
const config = readConfig(standaloneConfig)
const log = createLog({ name: 'sluice', level: config.LOG_LEVEL })
if (config.CRASH_AT) armCrashPoint({ ...config.CRASH_AT, nodeEnv: config.NODE_ENV })

const lifecycle = createLifecycle({
  log,
  clock: fixture.clock,
  drainMs: config.DRAIN_MS,
  shutdownDelayMs: config.SHUTDOWN_DELAY_MS,
})
lifecycle.add({ name: 'sluice', start })
await runUntilSignal({
  lifecycle,
  log,
  isHarmless: (rejection) => isPanelError(rejection, PANEL_BUILDS),
})

// One component that adds the others in order: each uses what an earlier one opened.
async function start(): Promise<void> {
  const settings = await readSettings(fixture, config)
  await createPrivateFolder(settings.dataDir)
  const lock = config.DATABASE_URL ? await lockFolder({ folder: settings.dataDir }) : undefined
  lifecycle.add({ name: 'lock', stop: async () => lock?.release() })
  const location = { databaseUrl: config.DATABASE_URL, dataDir: settings.dataDir }
  const database = await openDatabase({ log }, location)
  lifecycle.add({ name: 'database', stop: () => database.close() })
  await verifySecrets(database.db, { given: givenSecrets(settings.secrets), record: true })

  const publicBaseUrl = config.PUBLIC_BASE_URL ?? `http://127.0.0.1:${config.PORT}`
  const embedded = wireEmbedded({ ...fixture, log }, { settings, database, publicBaseUrl })
  const { bus, egress, scheduler, billing, imgproxy, imageRunner, edgeApi, outboxRelay } = embedded
  lifecycle.add({ name: 'egress', stop: () => egress.close() })
  lifecycle.add({ name: 'bus', stop: (limit) => bus.close(limit) })
  lifecycle.add({ name: 'scheduler', start: scheduler.start, stop: scheduler.stop })
  lifecycle.add({ name: 'billing', start: billing.start, stop: billing.stop })
  lifecycle.add({ name: 'imgproxy', start: imgproxy.start, stop: imgproxy.stop })
  lifecycle.add({ name: 'image-runner', start: imageRunner.start, stop: imageRunner.stop })
  lifecycle.add({ name: 'edge-api', start: edgeApi.start, stop: edgeApi.stop })
  lifecycle.add({ name: 'outbox', start: outboxRelay.start, stop: outboxRelay.stop })

  let server: HttpServer | undefined
  lifecycle.add({
    name: 'http',
    start: async () => {
      const made = await firstStart(
        {
          ...embedded,
          ...fixture,
          log,
          listModels: (access) => listUpstreamModels(embedded.upstreams.openai, access),
        },
        config,
      )
      process.stdout.write(describeFirstStart(made, config.SLUICE_STARTING_CREDITS))
      // The panel's server side calls this process over HTTP, at the port that is opened below.
      const inOrder = () => [server?.url ?? publicBaseUrl]
      const gateways = { inOrder, failed: () => {} }
      const panel = await openPanel({ log }, { gateways, publicBaseUrl: config.PUBLIC_BASE_URL })
      const allowedOrigins = config.ALLOWED_ORIGINS
      const stopping = () => lifecycle.stopping()
      server = await listen(frontHandler({ ...embedded, panel, allowedOrigins, stopping }, fixture))
      const { channels } = await scheduler.readCatalog({})
      const builtInOnly = channels.every(({ dialect }) => isBuiltIn(dialect))
      const { dataDir } = settings
      const { url } = server
      process.stdout.write(describeNextSteps({ ...made, url, dataDir, builtInOnly }))
    },
    announceStop: () => server?.announceClose(),
    stop: async (limit) => {
      edgeApi.endStreams()
      await server?.close(limit)
    },
  })
}

async function listen(app: ReturnType<typeof frontHandler>): Promise<HttpServer> {
  const { PORT: port, HOST: host } = config
  try {
    const limits = connectionLimits({
      connectionsMax: config.CONNECTIONS_MAX,
      perAddressMax: config.CONNECTIONS_PER_ADDRESS_MAX,
      trustedProxyHops: config.TRUSTED_PROXY_HOPS,
    })
    const { ALLOWED_ORIGINS: allowedOrigins } = config
    const { clock } = fixture
    return await serveHttp({ app, port, host, log, clock, allowedOrigins, limits })
  } catch (cause) {
    const taken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
    if (!taken) throw cause
    const message = `Port ${port} is in use. Stop the process that listens on it, or set PORT to another one.`
    process.stderr.write(`${message}\n`)
    throw new Error(message, { cause })
  }
}

import { createMemoryBlobStore } from '@sluice/blobs/memory-blob-store'
import type { Billing } from '@sluice/contracts/billing.contract'
import type { Catalog, Scheduler } from '@sluice/contracts/scheduler.contract'
import { createMemoryJobStore } from '@sluice/jobs/memory-job-store'
import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { newId } from '@sluice/kernel/ids'
import { systemRandom } from '@sluice/kernel/random'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { serveHttp } from '@sluice/service-kit/http/serve-http'
import { Hono } from 'hono'
import { onTestFinished } from 'vitest'

import { errorResponse } from '../../src/http/render-error.ts'
import { catalogSnapshot } from '../../src/routing/catalog.ts'
import { defaultEdgeConfig } from '../../src/config.ts'
import { adminOverviewHandlers } from '../../src/control/admin-overview/admin-overview-handlers.ts'
import type { ControlHandlers } from '../../src/control/handlers.ts'
import { mountControl } from '../../src/control/mount-control.ts'
import { usageHandlers } from '../../src/control/usage/usage-handlers.ts'
import type { EdgeDeps } from '../../src/deps.ts'
import type { GatewayContext } from '../../src/gateway-context.ts'
import type { Identity, SessionPrincipal } from '../../src/identity/identity.ts'
import type { EdgeContext, EdgeEnv } from '../../src/http/request.ts'
import { memoryIdentityStore } from '../../src/store/memory-identity-store.ts'
import { memoryKeyOwnerStore } from '../../src/store/memory-key-owner-store.ts'
import { memoryRequestLogStore } from '../../src/store/memory-request-log-store.ts'
import { createIntakeLimits } from '../../src/intake-limits.ts'
import { createSweep } from '../../src/http/sweep.ts'
import { partialStub } from '../partial-stub.ts'

export const id = (prefix: string, number: number) =>
  `${prefix}_${number.toString(16).padStart(32, '0')}`

const user = (number: number, role: SessionPrincipal['role'] = 'user'): SessionPrincipal => ({
  userId: id('usr', number),
  sessionId: id('ses', number),
  email: `user${number}@example.com`,
  role,
  wallet: id('wal', number),
})

/** An API key of Ada, and her hidden panel key. */
const owners = [
  { apiKeyId: id('key', 1), name: 'batch', prefix: 'sk-abc', isPanelKey: false },
  { apiKeyId: id('key', 2), name: 'Panel', prefix: '', isPanelKey: true },
].map((key) => ({
  ...key,
  user: { id: id('usr', 1), email: 'user1@example.com' },
  wallet: id('wal', 1),
}))

/** The usage and overview routes on a port of their own, with stubbed members of billing. */
export async function createFixture({
  clock,
  billing = {},
  catalog = { version: 1, channels: [] },
}: {
  clock: Clock
  billing?: Partial<Billing>
  catalog?: Catalog
}) {
  const log = recordedLog()
  const sessions = new Map<string, SessionPrincipal>([
    ['at-ada', user(1)],
    ['at-root', user(9, 'admin')],
  ])
  const lookups = { sessions: 0, unavailable: false }
  const requestLogStore = memoryRequestLogStore()
  const jobs = createMemoryJobStore()
  const draining = new AbortController()
  const deps = partialStub<EdgeDeps>({
    clock,
    log,
    jobs,
    requestLogStore,
    config: defaultEdgeConfig,
    billing: partialStub<Billing>(billing),
    scheduler: partialStub<Scheduler>({ countRetired: async () => ({ retired: 2 }) }),
    keyOwners: memoryKeyOwnerStore(owners),
    identityStore: memoryIdentityStore(),
    blobs: createMemoryBlobStore({ clock }),
    bus: partialStub<EdgeDeps['bus']>({ connected: () => true }),
    rateStore: partialStub<EdgeDeps['rateStore']>({ shared: () => true }),
  })
  const snapshot = catalogSnapshot(catalog, [])
  const gateway = partialStub<GatewayContext>({
    deps,
    catalog: { current: () => snapshot },
    sweep: createSweep(clock),
    running: { count: 3, claims: new Set(), images: 4 },
    intake: createIntakeLimits({ ...deps, clock }),
    draining: draining.signal,
  })
  const authenticate: Identity['authenticate'] = async ({ authorization = '' }) => {
    lookups.sessions += 1
    if (lookups.unavailable) throw new AppError('unavailable', 'The database is unavailable.')
    const session = sessions.get(authorization.replace('Bearer ', ''))
    if (!session) throw new AppError('invalid_session', 'The session is invalid.')
    return session
  }
  const identity = partialStub<Identity>({ authenticate })
  const app = new Hono<EdgeEnv>()
  app.onError((error, context) => errorResponse(error, context))
  const assignRequestId = (_context: EdgeContext) => newId('req', { clock, random: systemRandom })
  const addressOf = () => '127.0.0.1'
  const control = {
    clock,
    sweep: gateway.sweep,
    bodies: gateway.intake.bodies,
    publicOrigin: undefined,
    addressOf,
  }
  mountControl(
    app,
    {
      ...control,
      assignRequestId,
      authenticate,
      count: () => {},
      beginPublicCall: () => () => {},
    },
    partialStub<ControlHandlers>({
      ...usageHandlers({ gateway }),
      ...adminOverviewHandlers({ gateway, identity }),
    }),
  )
  const server = await serveHttp({ app, port: 0, host: '127.0.0.1', log })
  onTestFinished(async () => {
    draining.abort()
    gateway.sweep.stop()
    await server.close({ withinMs: 200 })
  })
  const send = (path: string, { as = 'at-ada', ...init }: RequestInit & { as?: string } = {}) =>
    fetch(server.url + path, { headers: { authorization: `Bearer ${as}` }, ...init })
  return {
    send,
    port: server.port,
    sessions,
    lookups,
    jobs,
    requestLogStore,
    draining,
    /** The body of a successful answer, or else the status, code and parameter of the error. */
    read: async (path: string, as = 'at-ada'): Promise<unknown> => {
      const answer = await send(path, { as })
      const body: unknown = await answer.json()
      if (answer.ok) return body
      const { error } = body as { error: { code: string; param: string | null } }
      return `${answer.status} ${error.code} ${error.param}`
    },
  }
}

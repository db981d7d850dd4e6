import { hasPermission } from '@sluice/contracts/control/permissions'
import type { ControlOperation, ControlRoute } from '@sluice/contracts/control/routes'
import { controlRoutes } from '@sluice/contracts/control/routes'
import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { MatrixCase } from './auth-matrix/cases.ts'
import { matrixCases, sessionFor } from './auth-matrix/cases.ts'
import type { Actor, Fixture } from './auth-matrix/fixture.ts'
import { ADMIN_EMAIL, PASSWORD, populate, send, signIn } from './auth-matrix/fixture.ts'
import type { Running } from './harness/running.ts'
import { distributed } from './wirings/distributed.ts'
import { embedded } from './wirings/embedded.ts'

const operations = Object.keys(controlRoutes) as ControlOperation[]
const actorNames = ['anonymous', 'owner', 'other', 'banned', 'admin'] as const

describe.each([embedded, distributed])('$name wiring', (wiring) => {
  let simulator: OpenAiSimulator
  let running: Running
  let fixture: Fixture

  beforeAll(async () => {
    simulator = await startOpenAiSimulator()
    running = await wiring.start({
      upstreamUrl: simulator.url,
      upstreamKey: simulator.key,
      env: { ADMIN_EMAIL, ADMIN_PASSWORD: PASSWORD, REGISTRATION: 'open' },
    })
    fixture = await populate(running)
  })
  afterAll(async () => {
    await running?.stop()
    await simulator.close()
  })

  describe.each(operations)('%s', (operation) => {
    const matrixCase = matrixCases[operation]

    test.each(actorNames)('called by %s', async (name) => {
      const actor = fixture.actors[name]
      const input = (await matrixCase.input?.(fixture, actor)) ?? {}
      const as = await sessionFor(fixture, actor, matrixCase.endsSession ?? false)
      const answer = await send(fixture, operation, { as, input })
      expect(expectedStatuses(operation, actor, matrixCase), answer.text).toContain(answer.status)
      const { access } = controlRoutes[operation]
      const isForeign = name !== 'owner' && name !== 'admin' && access !== 'anyone'
      // The answer may repeat what the caller sent.
      const sent = JSON.stringify(input)
      const leaks = [...fixture.secrets].filter(
        (id) => isForeign && !sent.includes(id) && answer.text.includes(id),
      )
      expect(leaks).toEqual([])
      // The call may have ended the user's other sessions.
      if (matrixCase.endsSession && as !== undefined && name !== 'banned')
        actor.token = await signIn(fixture, actor.email)
    })
  })

  test('an unknown path of /api is 404 for every caller', async () => {
    for (const { token } of Object.values(fixture.actors)) {
      const answer = await fetch(`${running.baseUrl}/api/admin/secrets`, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      })
      expect(answer.status).toBe(404)
    }
  })
})

/** The expected statuses by the route table. */
function expectedStatuses(
  operation: ControlOperation,
  actor: Actor,
  { isOwned, good }: MatrixCase,
): number[] {
  const route: ControlRoute = controlRoutes[operation]
  const allowed = good ?? [route.status ?? 200]
  if (route.access === 'anyone') return allowed
  if (actor.role === undefined) return [401]
  if (actor.name === 'banned') return [401, 403]
  if (!hasPermission(actor.role, route.access)) return [403]
  if (isOwned && actor.name !== 'owner') return [404]
  return allowed
}

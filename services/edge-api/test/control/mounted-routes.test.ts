import { controlRoutes } from '@sluice/contracts/control/routes'
import { afterEach, expect, it } from 'vitest'

import type { StartedGateway } from '../identity/gateway.ts'
import { startGateway } from '../identity/gateway.ts'

let gateway: StartedGateway | undefined
afterEach(async () => {
  await gateway?.close()
  gateway = undefined
})

it('the mounted routes of /api are exactly those of the route table', async () => {
  gateway = await startGateway()
  const mounted = gateway.edge.app.routes.filter(({ path }) => path.startsWith('/api'))
  const table = Object.values(controlRoutes)
  const named = ({ method, path }: { method: string; path: string }) => `${method} ${path}`
  expect(mounted.map(named).toSorted()).toEqual(table.map(named).toSorted())
})

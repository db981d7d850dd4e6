import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { CALLER_HEADER } from '@sluice/contracts/control/caller-header'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'

import { createCallerStamps } from '../../src/auth/caller-stamps.ts'
import type { StartedGateway } from './gateway.ts'
import { errorOf, inTime, startGateway } from './gateway.ts'

let current: StartedGateway | undefined
const open = async (...options: Parameters<typeof startGateway>) =>
  (current = await startGateway(...options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

/** Signs in as the panel's server does: from its own address, with the stamp of the gateway. */
async function guess({ send }: StartedGateway, stamp: string, email: string) {
  return send('POST', '/api/auth/login', {
    body: { email, password: 'wrong password' },
    headers: { [CALLER_HEADER]: stamp },
  })
}

/** Makes twenty guesses in parallel and counts the refused ones; the limit per address is fourteen. */
async function refusedOfTwenty(gateway: StartedGateway, stampOf: () => string): Promise<number> {
  const guesses = Array.from({ length: 20 }, (_, n) =>
    guess(gateway, stampOf(), `guess-${n}@b.test`),
  )
  const answers = await inTime(gateway.clock, Promise.all(guesses))
  return answers.filter(({ status }) => status === 429).length
}

describe('password guessing through the panel’s form', () => {
  it('is counted for the caller’s address only', async () => {
    const gateway = await open()
    const stamps = createCallerStamps(gateway.deps)
    expect(await refusedOfTwenty(gateway, () => stamps.write('203.0.113.9'))).toBeGreaterThan(0)
    // Another caller of the same panel.
    const other = await guess(gateway, stamps.write('198.51.100.1'), 'ada@b.test')
    expect(errorOf(other)).toMatchObject({ code: 'wrong_credentials' })
    let n = 0
    expect(await refusedOfTwenty(gateway, () => stamps.write(`203.0.113.${(n += 1)}`))).toBe(0)
  })

  it.each([
    ['is invented', ({ n }: { n: number }) => `203.0.113.${n} m0 ${'A'.repeat(43)}`],
    ['is unsigned', ({ n }: { n: number }) => `203.0.113.${n}`],
    ['is signed by another key', ({ n, foreign }) => foreign.write(`203.0.113.${n}`)],
    ['has expired', ({ n, old }) => old[n % old.length] ?? ''],
  ] satisfies [string, (input: StampInput) => string][])(
    'is counted for the panel’s address when the stamp %s',
    async (_name, stampOf) => {
      const gateway = await open()
      const stamps = createCallerStamps(gateway.deps)
      const pepper = Buffer.alloc(32, 7).toString('base64')
      const foreign = createCallerStamps({ pepper, clock: gateway.clock })
      const old = Array.from({ length: 50 }, (_, n) => stamps.write(`192.0.2.${n}`))
      await gateway.clock.advance(61_000)
      let n = 0
      const refused = await refusedOfTwenty(gateway, () => stampOf({ n: (n += 1), foreign, old }))
      expect(refused).toBeGreaterThan(0)
    },
  )
})

interface StampInput {
  n: number
  foreign: ReturnType<typeof createCallerStamps>
  old: string[]
}

it('the gateway passes the caller’s address to the panel and drops a forged one', async () => {
  const seen: (string | string[] | undefined)[] = []
  const panel = createServer(({ headers }, outgoing) => {
    seen.push(headers[CALLER_HEADER])
    outgoing.end('a page')
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void panel.close())
  await once(panel, 'listening')
  const { port } = panel.address() as AddressInfo
  const { deps, url } = await open({ config: { dashboardUrl: `http://127.0.0.1:${port}` } })
  const forged = { [CALLER_HEADER]: createCallerStamps(deps).write('203.0.113.9') }
  await fetch(`${url}/login`, { headers: forged }).then((answer) => answer.text())
  expect(seen).toHaveLength(1)
  expect(createCallerStamps(deps).read(seen[0])).toBe('127.0.0.1')
})

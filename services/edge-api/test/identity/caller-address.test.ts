import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { CALLER_HEADER } from '@sluice/contracts/control/caller-header'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'

import { createCallerStamps } from '../../src/admit/caller-stamps.ts'
import type { StartedGateway } from './visitor.ts'
import { errorOf, inTime, startGateway } from './visitor.ts'

let here: StartedGateway | undefined
const open = async (...options: Parameters<typeof startGateway>) =>
  (here = await startGateway(...options))
afterEach(async () => {
  await here?.close()
  here = undefined
})

/** As the panel's server asks: all of them from its own address, with what the door gave it. */
async function guess({ ask }: StartedGateway, stamp: string, email: string) {
  return ask('POST', '/api/auth/login', {
    body: { email, password: 'wrong password' },
    headers: { [CALLER_HEADER]: stamp },
  })
}

/** Twenty guesses at once: how many of them were refused, since one address may have fourteen. */
async function refusedOfTwenty(gateway: StartedGateway, stampOf: () => string): Promise<number> {
  const guesses = Array.from({ length: 20 }, (_, n) =>
    guess(gateway, stampOf(), `guess-${n}@b.test`),
  )
  const answers = await inTime(gateway.clock, Promise.all(guesses))
  return answers.filter(({ status }) => status === 429).length
}

describe('who guesses passwords by the form of the panel', () => {
  it('is counted at their own address, and stops nobody else', async () => {
    const gateway = await open()
    const stamps = createCallerStamps(gateway.deps)
    expect(await refusedOfTwenty(gateway, () => stamps.write('203.0.113.9'))).toBeGreaterThan(0)
    // Another person behind the same panel.
    const other = await guess(gateway, stamps.write('198.51.100.1'), 'ada@b.test')
    expect(errorOf(other)).toMatchObject({ code: 'wrong_credentials' })
    let n = 0
    expect(await refusedOfTwenty(gateway, () => stamps.write(`203.0.113.${(n += 1)}`))).toBe(0)
  })

  it.each([
    ['was made up', ({ n }: { n: number }) => `203.0.113.${n} m0 ${'A'.repeat(43)}`],
    ['is bare', ({ n }: { n: number }) => `203.0.113.${n}`],
    ['another key has signed', ({ n, stranger }) => stranger.write(`203.0.113.${n}`)],
    ['is from long ago', ({ n, old }) => old[n % old.length] ?? ''],
  ] satisfies [string, (hand: Hand) => string][])(
    'gains nothing from a stamp that %s',
    async (_name, stampOf) => {
      const gateway = await open()
      const stamps = createCallerStamps(gateway.deps)
      const pepper = Buffer.alloc(32, 7).toString('base64')
      const stranger = createCallerStamps({ pepper, clock: gateway.clock })
      const old = Array.from({ length: 50 }, (_, n) => stamps.write(`192.0.2.${n}`))
      await gateway.clock.advance(61_000)
      let n = 0
      const refused = await refusedOfTwenty(gateway, () => stampOf({ n: (n += 1), stranger, old }))
      expect(refused).toBeGreaterThan(0)
    },
  )
})

interface Hand {
  n: number
  stranger: ReturnType<typeof createCallerStamps>
  old: string[]
}

it('the panel is told by the door where a request came from, whatever the request says of itself', async () => {
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

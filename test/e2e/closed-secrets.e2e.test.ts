import { randomBytes } from 'node:crypto'

import type { ShownChannel } from '@sluice/contracts/control/admin'
import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { ADMIN_EMAIL, must, PASSWORD, signIn } from './auth-matrix/fixture.ts'
import { call, eventually } from './harness/context.ts'
import type { Running } from './harness/running.ts'
import { distributed } from './wirings/distributed.ts'
import { embedded } from './wirings/embedded.ts'

const key = () => randomBytes(32).toString('base64')
const CHATS = 20
const REASON = 'the secret cannot be decrypted'

describe.each([embedded, distributed])('$name wiring', (wiring) => {
  let simulator: OpenAiSimulator
  let running: Running
  let session: string
  const newer = `k2:${key()}`
  const secrets = { SIGNING_KEYS: `k1:${key()}`, API_KEY_PEPPER: key() }

  beforeAll(async () => {
    simulator = await startOpenAiSimulator()
    const { url: upstreamUrl, key: upstreamKey } = simulator
    const env = { ADMIN_EMAIL, ADMIN_PASSWORD: PASSWORD, ...secrets }
    const SEALING_KEYS = `k1:${key()},${newer}`
    running = await wiring.start({ upstreamUrl, upstreamKey, env: { ...env, SEALING_KEYS } })
    session = await signIn({ running }, ADMIN_EMAIL)
  })
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(running.output().slice(-20_000))
  })
  afterAll(async () => {
    await running?.stop()
    await simulator.close()
  })

  const chat = async () => {
    const body = { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hello' }] }
    const answer = await call({ running, simulator }, '/v1/chat/completions', { body })
    await answer.arrayBuffer()
    return answer.status
  }
  const channel = async () => {
    const { items } = await must<{ items: ShownChannel[] }>({ running }, 'listChannels', {
      as: session,
    })
    const found = items.find(({ name }) => name === 'openai')
    if (!found) throw new Error('the channel openai is missing')
    return found
  }
  /** A page that the panel's server renders for the administrator. */
  const page = async (path: string) => {
    const login = await fetch(`${running.baseUrl}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: ADMIN_EMAIL, password: PASSWORD }),
    })
    const cookie = login.headers
      .getSetCookie()
      .map((one) => one.split(';')[0])
      .join('; ')
    const answer = await fetch(`${running.baseUrl}${path}`, { headers: { cookie } })
    return answer.text()
  }
  /** Restarts the installation without the key that sealed its secrets. */
  const restart = async () => {
    const services =
      wiring.name === 'embedded'
        ? (['edge-api'] as const)
        : (['edge-api', 'scheduler', 'image-runner'] as const)
    for (const service of services) {
      await running.kill(service)
      await running.start(service, { SEALING_KEYS: newer })
    }
  }

  test('a secret that cannot be decrypted is shown with the reason, and no caller gets an error', async () => {
    expect(await chat()).toBe(200)
    await restart()
    const { id, credentials, models } = await eventually(async () => {
      const found = await channel().catch(() => undefined)
      return found?.credentials[0]?.state === 'attention' ? found : undefined
    })
    expect(credentials).toMatchObject([{ reason: expect.stringContaining(REASON) }])
    const change = { as: session, input: { params: { id }, body: { weight: 7 } } }
    const changed = await must<ShownChannel>({ running }, 'editChannel', change)
    expect(changed.credentials).toEqual(credentials)
    const list = await running.sluiceWith({ SEALING_KEYS: newer }, 'channel', 'list')
    expect(list).toContain('1 attention')
    expect(list).toContain(REASON)
    // The panel of distributed mode is a separate service with the same build, so it is not started here.
    const rendered = wiring.name === 'embedded' ? await page(`/admin/channels/${id}`) : REASON
    expect(rendered).toContain(REASON)

    const other = { name: 'healthy', dialect: 'openai', base_url: `${simulator.url}/v1` }
    const body = { ...other, models, secrets: [simulator.key] }
    await must({ running }, 'createChannel', { as: session, input: { body } })
    await eventually(async () => ((await chat()) === 200 ? true : undefined))
    const statuses = await Promise.all(Array.from({ length: CHATS }, chat))
    expect(statuses).toEqual(Array.from({ length: CHATS }, () => 200))
  })
})

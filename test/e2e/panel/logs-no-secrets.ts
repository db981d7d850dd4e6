import { expect } from 'vitest'

import { ADMIN_EMAIL, must, PASSWORD, send } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { call, eventually } from '../harness/context.ts'
import { cookieOf, sendLogin, visit } from './visit.ts'

const WRONG = 'a wrong pass phrase of the test'
const UPSTREAM_SECRET = 'sk-upstream-secret-of-the-test'

interface Tokens {
  access_token: string
  refresh_token: string
}

/** Uses every kind of secret, valid and invalid, and expects that no log line contains one. */
export async function logsNoSecrets(context: Context): Promise<void> {
  const { running } = context
  const secrets = [
    ...(await signInEveryWay(context)),
    ...(await useKeys(context)),
    ...(await failUpstream(context)),
    running.apiKey,
    PASSWORD,
    WRONG,
    UPSTREAM_SECRET,
  ]
  const lines = running.output().split('\n')
  // The output of a first start shows secrets once, outside of the JSON log lines.
  const logged = lines.filter((line) => line.startsWith('{'))
  expect(logged.length).toBeGreaterThan(0)
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(10)
    expect(logged.filter((line) => line.includes(secret))).toEqual([])
  }
}

async function signInEveryWay(context: Context): Promise<string[]> {
  const { running } = context
  const admin = { email: ADMIN_EMAIL, password: PASSWORD }
  const cookie = cookieOf(await sendLogin(running, admin))
  await sendLogin(running, { ...admin, password: WRONG })
  await send(context, 'login', { as: undefined, input: { body: { ...admin, password: WRONG } } })
  // A password in the e-mail field, and one in a URL.
  await sendLogin(running, { email: WRONG, password: WRONG })
  await visit(running, `/login?password=${encodeURIComponent(WRONG)}`)
  const first = await must<Tokens>(context, 'login', { as: undefined, input: { body: admin } })
  const { refresh_token } = first
  const second = await must<Tokens>(context, 'refresh', {
    as: undefined,
    input: { body: { refresh_token } },
  })
  await send(context, 'getMe', { as: `${second.access_token}x` })
  await send(context, 'listUsers', { as: second.access_token })
  for (const path of ['/', '/admin', '/there-is-no-such-page'])
    await visit(running, path, { headers: { cookie } })
  const tokens = [first, second].flatMap(({ access_token, refresh_token: refresh }) => [
    access_token,
    refresh,
  ])
  return [cookie.split('=')[1] ?? '', ...tokens]
}

async function useKeys(context: Context): Promise<string[]> {
  const as = await adminToken(context)
  const { api_key: apiKey } = await must<{ api_key: string }>(context, 'createApiKey', {
    as,
    input: { body: { name: 'logged' } },
  })
  const wrongKey = `${apiKey.slice(0, -4)}0000`
  for (const key of [apiKey, wrongKey]) {
    const headers = { authorization: `Bearer ${key}` }
    await (await call(context, '/v1/models', { headers })).arrayBuffer()
    await (await call(context, `/v1/nothing?key=${key}`, { headers })).arrayBuffer()
  }
  const made = await must<{ password: string }>(context, 'createUser', {
    as,
    input: { body: { email: 'made@matrix.test' } },
  })
  return [apiKey, wrongKey, made.password]
}

/** Lets an upstream refuse our secret, and quote it in its error. */
async function failUpstream(context: Context): Promise<string[]> {
  const { simulator } = context
  const as = await adminToken(context)
  const channel = await must<{ id: string }>(context, 'createChannel', {
    as,
    input: {
      body: {
        name: 'refused',
        dialect: 'openai',
        base_url: `${simulator.url}/v1`,
        models: [{ model: 'refused-image', upstream_model: 'gpt-image-2', kinds: ['image'] }],
        secrets: [UPSTREAM_SECRET],
      },
    },
  })
  await must(context, 'testChannel', { as, input: { params: { id: channel.id } } })
  simulator.script({
    match: { promptIncludes: 'repeat my secret' },
    times: null,
    behaviour: {
      kind: 'status',
      status: 400,
      code: 'broken',
      message: `Incorrect API key provided: ${simulator.key}.`,
    },
  })
  const { id } = await must<{ id: string }>(context, 'createImages', {
    as,
    input: { body: { model: 'gpt-image-2', prompt: 'repeat my secret', quality: 'low' } },
  })
  await eventually(async () => {
    const { state } = await must<{ state: string }>(context, 'getImage', {
      as,
      input: { params: { id } },
    })
    return state === 'failed' ? true : undefined
  })
  return [simulator.key]
}

async function adminToken(context: Context): Promise<string> {
  const body = { email: ADMIN_EMAIL, password: PASSWORD }
  const { access_token } = await must<Tokens>(context, 'login', { as: undefined, input: { body } })
  return access_token
}

import sharp from 'sharp'

import { callControlApi, tokenOf, untilEnded } from './seed.ts'
import {
  hostileEmails,
  hostileList,
  hostileText,
  hostileUpTo,
  hostileTexts,
} from './hostile-texts.ts'
import type { Installation } from './installation.ts'
import { ADMIN } from './installation.ts'

export interface HostileThings {
  user: { email: string; password: string }
  users: string[]
  keys: string[]
  channels: string[]
  tasks: string[]
}

const PASSWORD = 'a long pass phrase of a user'
const MODEL = `${hostileTexts.image} ${hostileTexts.ends}`
const REFUSED = 'refuse this one'
const REVISED = 'revise this one'

/** Fills every field that a user or an upstream can set with hostile texts. */
export async function seedHostile(installation: Installation): Promise<HostileThings> {
  const as = await tokenOf(installation, ADMIN)
  await scriptUpstream(installation)
  const users = await hostileUsers(installation, as)
  const user = { email: hostileEmails[0], password: PASSWORD }
  const mine = await tokenOf(installation, user)
  const channels = await hostileChannels(installation, as)
  const keys = await hostileKeys(installation, mine)
  const tasks = await hostilePictures(installation, mine)
  await hostileCalls(installation, mine)
  return { user, users, keys, channels, tasks }
}

async function hostileUsers(installation: Installation, as: string): Promise<string[]> {
  const users: string[] = []
  for (const email of hostileEmails) {
    const body = { email, password: PASSWORD }
    const { id } = await callControlApi<{ id: string }>(installation, 'createUser', { as, body })
    users.push(id)
    for (const note of [...hostileList, hostileUpTo(200)])
      await callControlApi(installation, 'grantCredits', {
        as,
        params: { id },
        // Headers allow printable ASCII only.
        headers: { 'idempotency-key': `${hostileTexts.quoted} ${users.length} ${hash(note)}` },
        body: { amount_micro: '900000000000001', note },
      })
  }
  const banned = await callControlApi<{ id: string }>(installation, 'createUser', {
    as,
    body: { email: 'banned@hostile.test', password: PASSWORD },
  })
  const body = { banned: true, ban_reason: hostileUpTo(200) }
  await callControlApi(installation, 'editUser', { as, params: { id: banned.id }, body })
  return [...users, banned.id]
}

const hash = (text: string) => Buffer.from(text).toString('hex').slice(0, 100)

async function hostileKeys(installation: Installation, as: string): Promise<string[]> {
  const keys: string[] = []
  for (const name of hostileList) {
    const model_whitelist = [MODEL, ...hostileList.slice(0, 3), 'm'.repeat(200)]
    const body = { name, model_whitelist }
    const { id } = await callControlApi<{ id: string }>(installation, 'createApiKey', { as, body })
    keys.push(id)
  }
  return keys
}

async function hostileChannels(installation: Installation, as: string): Promise<string[]> {
  const channels: string[] = []
  for (const name of hostileList) {
    const { id } = await callControlApi<{ id: string }>(installation, 'createChannel', {
      as,
      body: {
        name,
        dialect: 'openai',
        base_url: `${installation.simulator.url}/v1?${encodeURIComponent(hostileTexts.quoted)}`,
        enabled: false,
        models: [{ model: name, upstream_model: hostileUpTo(200), kinds: ['image', 'chat'] }],
        secrets: [`sk-refused-${hash(name)}`],
      },
    })
    channels.push(id)
  }
  // Refused by the upstream with a hostile message.
  await callControlApi(installation, 'testChannel', { as, params: { id: channels[0] ?? '' } })
  const { id } = await callControlApi<{ id: string }>(installation, 'createChannel', {
    as,
    body: {
      name: 'hostile models',
      dialect: 'openai',
      base_url: `${installation.simulator.url}/v1`,
      models: [{ model: MODEL, upstream_model: 'gpt-image-2', kinds: ['image'] }],
      secrets: [installation.simulator.key],
    },
  })
  const steps = [{ quality: 'low', pixels_max: 4_000_000, micro_per_image: '1000' }]
  const body = { price: { kind: 'images', steps } }
  await callControlApi(installation, 'addModelPrice', { as, params: { model: MODEL }, body })
  return [...channels, id]
}

async function hostilePictures(installation: Installation, as: string): Promise<string[]> {
  const tasks: string[] = []
  const generatePicture = async (body: object) => {
    const whole = { model: 'gpt-image-2', quality: 'low', size: '1024x1024', ...body }
    const { id } = await callControlApi<{ id: string }>(installation, 'createImages', {
      as,
      body: whole,
      headers: { 'idempotency-key': `${hostileTexts.image} ${tasks.length}` },
    })
    tasks.push(id)
  }
  for (const prompt of hostileList) await generatePicture({ prompt })
  await generatePicture({ prompt: hostileText })
  await generatePicture({ prompt: 'a model of another name', model: MODEL })
  await generatePicture({ prompt: `${REFUSED} ${hostileText}` })
  await generatePicture({ prompt: REVISED })
  tasks.push(await generateFromFile(installation, as))
  for (const id of tasks) await untilEnded(installation, { as, id })
  return tasks
}

/** A request with a reference picture that has a hostile file name. */
async function generateFromFile(installation: Installation, as: string): Promise<string> {
  const form = new FormData()
  const bytes = await sharp({ create: { ...square, background: '#147b8a' } })
    .png()
    .toBuffer()
  const file = new File([new Uint8Array(bytes)], `${hostileTexts.quoted}.png`, {
    type: 'image/png',
  })
  form.append('image', file)
  form.append('model', 'gpt-image-2')
  form.append('prompt', hostileTexts.quoted)
  const answer = await fetch(`${installation.baseUrl}/api/user/images`, {
    method: 'POST',
    headers: { authorization: `Bearer ${as}` },
    body: form,
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`image form: ${answer.status} ${text}`)
  return String(JSON.parse(text).id)
}

const square = { width: 1024, height: 1024, channels: 3 } as const

/** An upstream with hostile error messages and revised prompts. */
async function scriptUpstream({ simulator }: Installation): Promise<void> {
  const png = await sharp({ create: { ...square, background: '#222222' } })
    .png()
    .toBuffer()
  const message = hostileText.slice(0, 450)
  simulator.script([
    {
      match: { promptIncludes: REFUSED },
      times: null,
      behaviour: { kind: 'status', status: 400, code: hostileTexts.vector, message },
    },
    {
      match: { promptIncludes: REVISED },
      times: null,
      behaviour: {
        kind: 'status',
        status: 200,
        body: { data: [{ b64_json: png.toString('base64'), revised_prompt: hostileText }] },
      },
    },
    {
      match: { key: `sk-refused-${hash(hostileList[0] ?? '')}` },
      times: null,
      behaviour: { kind: 'status', status: 401, code: 'invalid_api_key', message },
    },
  ])
}

/** Chat calls with a hostile API key name, for chat charges. */
async function hostileCalls(installation: Installation, as: string): Promise<void> {
  const { api_key: apiKey } = await callControlApi<{ api_key: string }>(
    installation,
    'createApiKey',
    {
      as,
      body: { name: hostileUpTo(100) },
    },
  )
  const answer = await fetch(`${installation.baseUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': hostileTexts.quoted,
    },
    body: JSON.stringify({
      model: 'gpt-4o-mini',
      messages: [{ role: 'user', content: hostileText }],
    }),
  })
  if (!answer.ok) throw new Error(`chat: ${answer.status} ${await answer.text()}`)
  await answer.arrayBuffer()
}

export const hostileModel = MODEL

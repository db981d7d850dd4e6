import type { ControlOperation, ControlRoute } from '@sluice/contracts/control/routes'
import { controlRoutes } from '@sluice/contracts/control/routes'

import { ADMIN } from './installation.ts'
import type { Installation } from './installation.ts'

export const USER = { email: 'grace@sluice.test', password: 'a long pass phrase for grace' }

/** Ids of the seeded objects that have their own pages. */
export interface SeededIds {
  user: string
  channel: string
  picture: string
  failedPicture: string
  key: string
}

/** Calls the control API with a token; throws with the response text. */
export async function callControlApi<Answer>(
  installation: Pick<Installation, 'baseUrl'>,
  operation: ControlOperation,
  input: {
    as?: string
    params?: Record<string, string>
    body?: unknown
    headers?: Record<string, string>
  },
): Promise<Answer> {
  const route: ControlRoute = controlRoutes[operation]
  const path = route.path.replaceAll(/:(\w+)/g, (_all, name: string) =>
    encodeURIComponent(input.params?.[name] ?? ''),
  )
  const answer = await fetch(`${installation.baseUrl}${path}`, {
    method: route.method,
    headers: {
      ...(input.as === undefined ? {} : { authorization: `Bearer ${input.as}` }),
      ...(input.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...input.headers,
    },
    ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${operation}: ${answer.status} ${text}`)
  // Typed by the contract, not validated.
  return (text === '' ? undefined : JSON.parse(text)) as Answer
}

export async function tokenOf(
  installation: Pick<Installation, 'baseUrl'>,
  who: typeof ADMIN,
): Promise<string> {
  const { access_token } = await callControlApi<{ access_token: string }>(installation, 'login', {
    body: who,
  })
  return access_token
}

/** Creates objects of every kind, so that no page is empty. */
export async function seed(installation: Installation): Promise<SeededIds> {
  const as = await tokenOf(installation, ADMIN)
  const { id: user } = await callControlApi<{ id: string }>(installation, 'createUser', {
    as,
    body: USER,
  })
  await callControlApi(installation, 'grantCredits', {
    as,
    params: { id: user },
    headers: { 'idempotency-key': 'seed' },
    body: { amount_micro: '25000000', note: 'welcome' },
  })
  const { id: key } = await callControlApi<{ id: string }>(installation, 'createApiKey', {
    as,
    body: {
      name: 'picture-bot',
      rpm_limit: 60,
      daily_quota_micro: '50000000',
      model_whitelist: ['gpt-image-2'],
      ip_whitelist: ['10.0.0.0/8', '2001:db8::/32'],
      expires_at: '2030-01-01T00:00:00.000Z',
    },
  })
  const { items } = await callControlApi<{ items: { id: string }[] }>(
    installation,
    'listChannels',
    {
      as,
    },
  )
  const generatePicture = async (body: object) => {
    const { id } = await callControlApi<{ id: string }>(installation, 'createImages', { as, body })
    return id
  }
  const picture = await generatePicture({
    model: 'gpt-image-2',
    prompt: 'a heron at dawn over a quiet weir, mist on the water, long lens',
    size: '1536x1024',
    quality: 'low',
  })
  await generatePicture({
    model: 'gpt-image-2',
    prompt: 'a lighthouse in winter',
    size: '1024x1536',
    n: 3,
  })
  await generatePicture({
    model: 'gpt-image-2',
    prompt: '一只在晨雾中的白鹭',
    size: '1024x1024',
    n: 2,
  })
  const failedPicture = await generatePicture({ model: 'gpt-image-2', prompt: REFUSED_PROMPT })
  await chat(installation)
  for (const id of [picture, failedPicture]) await untilEnded(installation, { as, id })
  return { user, channel: items[0]?.id ?? '', picture, failedPicture, key }
}

/** The simulator refuses this prompt because of its content. */
export const REFUSED_PROMPT = 'something that the upstream refuses'

async function chat(installation: Installation): Promise<void> {
  const answer = await fetch(`${installation.baseUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${installation.apiKey}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      model: 'gpt-4o-mini',
      messages: [{ role: 'user', content: 'Write a line about herons.' }],
    }),
  })
  if (!answer.ok) throw new Error(`chat: ${answer.status} ${await answer.text()}`)
  await answer.arrayBuffer()
}

const ENDED = ['done', 'failed', 'cancelled']
const POLLS_MAX = 600

export async function untilEnded(
  installation: Installation,
  { as, id }: { as: string; id: string },
): Promise<void> {
  for (let poll = 0; poll < POLLS_MAX; poll += 1) {
    const { state } = await callControlApi<{ state: string }>(installation, 'getImage', {
      as,
      params: { id },
    })
    if (ENDED.includes(state)) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${id} did not end`)
}

import type { ControlOperation } from '@sluice/contracts/control/routes'

import { eventually } from '../harness/context.ts'
import type { Actor, CallInput, Fixture } from './fixture.ts'
import { must, PASSWORD, signIn } from './fixture.ts'

/** The request of one operation, and its exceptions from the default expectations. */
export interface MatrixCase {
  /** A request that the owner (or an admin) may send; created for each actor. */
  input?: (fixture: Fixture, actor: Actor) => Promise<CallInput>
  /** True for a resource of one user: all others, including admins, get 404. */
  isOwned?: true
  /** Statuses of success, if others than the route's own are possible. */
  good?: number[]
  /** True when the call ends its own session, or others of the same user. */
  endsSession?: true
}

let count = 0
const unique = (prefix: string) => `${prefix}-${(count += 1)}`
const ownerOf = ({ actors }: Fixture) => actors.owner.token
const adminOf = ({ actors }: Fixture) => actors.admin.token

async function ownKey(fixture: Fixture): Promise<{ id: string }> {
  const key = await must<{ id: string }>(fixture, 'createApiKey', {
    as: ownerOf(fixture),
    input: { body: { name: unique('key') } },
  })
  fixture.secrets.add(key.id)
  return key
}

interface Task {
  id: string
  state: string
  pictures: { partial_url: string | null }[]
}

async function ownTask(fixture: Fixture, extra: object = {}): Promise<Task> {
  const task = await must<Task>(fixture, 'createImages', {
    as: ownerOf(fixture),
    input: { body: { model: 'sandbox-image', prompt: 'a heron', size: '512x512', ...extra } },
  })
  fixture.secrets.add(task.id)
  return task
}

async function endedTask(fixture: Fixture): Promise<Task> {
  const { id } = await ownTask(fixture)
  return eventually(async () => {
    const task = await must<Task>(fixture, 'getImage', {
      as: ownerOf(fixture),
      input: { params: { id } },
    })
    return task.state === 'done' ? task : undefined
  })
}

async function chargedTask(fixture: Fixture): Promise<Task> {
  const task = await endedTask(fixture)
  await eventually(async () => {
    const { charged_micro } = await must<{ charged_micro: string | null }>(fixture, 'getImage', {
      as: ownerOf(fixture),
      input: { params: { id: task.id } },
    })
    return charged_micro ?? undefined
  })
  return task
}

const ATTEMPTS_MAX = 20

/** Partial pictures exist only while the picture is generated, which the sandbox may do between two polls. */
async function ownPartial(fixture: Fixture): Promise<Record<string, string>> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const { id } = await ownTask(fixture, { partial_images: 2 })
    const url = await eventually(() => partialOrEnd(fixture, id))
    const [index = '', number = ''] = url.split('/').slice(-2)
    if (url !== ENDED) return { id, index, number }
  }
  throw new Error(`no partial picture in ${ATTEMPTS_MAX} attempts`)
}

const ENDED = 'ended'

async function partialOrEnd(fixture: Fixture, id: string): Promise<string | undefined> {
  const as = ownerOf(fixture)
  const task = await must<Task>(fixture, 'getImage', { as, input: { params: { id } } })
  const isRunning = task.state === 'queued' || task.state === 'running'
  return task.pictures[0]?.partial_url ?? (isRunning ? undefined : ENDED)
}

async function newUser(fixture: Fixture): Promise<{ id: string }> {
  const body = { email: `${unique('user')}@matrix.test`, password: PASSWORD }
  return must(fixture, 'createUser', { as: adminOf(fixture), input: { body } })
}

const newChannel = () => ({
  name: unique('channel'),
  dialect: 'sandbox',
  base_url: '',
  models: [{ model: unique('model'), upstream_model: 'sandbox-image', kinds: ['image'] }],
  secrets: [unique('secret')],
})

async function anyChannel(fixture: Fixture) {
  type Channel = { id: string; credentials: { id: string }[] }
  return must<Channel>(fixture, 'createChannel', {
    as: adminOf(fixture),
    input: { body: newChannel() },
  })
}

const ofKey = async (fixture: Fixture) => ({ params: { id: (await ownKey(fixture)).id } })
const ofTask = async (fixture: Fixture) => ({ params: { id: (await ownTask(fixture)).id } })
const ofUser = async (fixture: Fixture) => ({ params: { id: (await newUser(fixture)).id } })
const ofChannel = async (fixture: Fixture) => ({ params: { id: (await anyChannel(fixture)).id } })

/** Every operation; a missing one is a type error. */
export const matrixCases: Record<ControlOperation, MatrixCase> = {
  getOpenApi: {},
  getSite: {},
  register: {
    input: async () => ({ body: { email: `${unique('new')}@matrix.test`, password: PASSWORD } }),
  },
  login: {
    input: async ({ actors }) => ({ body: { email: actors.owner.email, password: PASSWORD } }),
  },
  refresh: {
    input: async (fixture) => {
      const body = { email: fixture.actors.owner.email, password: PASSWORD }
      const { refresh_token } = await must<{ refresh_token: string }>(fixture, 'login', {
        as: undefined,
        input: { body },
      })
      return { body: { refresh_token } }
    },
  },
  logout: { endsSession: true },
  getMe: {},
  changePassword: {
    endsSession: true,
    input: async () => ({ body: { current_password: PASSWORD, new_password: PASSWORD } }),
  },

  listApiKeys: {},
  createApiKey: { input: async () => ({ body: { name: unique('key') } }) },
  getApiKey: { isOwned: true, input: ofKey },
  editApiKey: {
    isOwned: true,
    input: async (fixture) => ({ ...(await ofKey(fixture)), body: { name: unique('renamed') } }),
  },
  revokeApiKey: { isOwned: true, input: ofKey },

  listImageModels: {},
  estimateImages: { input: async () => ({ body: { model: 'sandbox-image' } }) },
  createImages: { input: async () => ({ body: { model: 'sandbox-image', prompt: 'a heron' } }) },
  listImages: {},
  getImage: { isOwned: true, input: ofTask },
  followImage: { isOwned: true, input: ofTask },
  getImagePartial: {
    isOwned: true,
    input: async (fixture) => ({ params: await ownPartial(fixture) }),
  },
  // 422 when the sandbox has already started; only the owner gets this answer.
  cancelImage: { isOwned: true, input: ofTask, good: [200, 422] },
  retryImage: {
    isOwned: true,
    input: async (fixture) => ({ params: { id: (await endedTask(fixture)).id } }),
  },

  getOverview: {},
  getUsage: {},
  listCharges: {},
  getCharge: {
    isOwned: true,
    input: async (fixture) => ({ params: { id: (await chargedTask(fixture)).id } }),
  },
  listLedger: {},

  listUsers: {},
  createUser: { input: async () => ({ body: { email: `${unique('made')}@matrix.test` } }) },
  getUser: { input: ofUser },
  editUser: {
    input: async (fixture) => ({
      ...(await ofUser(fixture)),
      body: { banned: true, ban_reason: 'matrix' },
    }),
  },
  grantCredits: {
    input: async (fixture) => ({
      ...(await ofUser(fixture)),
      headers: { 'idempotency-key': unique('grant') },
      body: { amount_micro: '1000000', note: 'a grant' },
    }),
  },
  listUserLedger: { input: ofUser },

  listChannels: {},
  createChannel: { input: async () => ({ body: newChannel() }) },
  getChannel: { input: ofChannel },
  editChannel: {
    input: async (fixture) => ({ ...(await ofChannel(fixture)), body: { weight: 2 } }),
  },
  testChannel: { input: ofChannel },
  addCredentials: {
    input: async (fixture) => ({
      ...(await ofChannel(fixture)),
      body: { secrets: [unique('secret')] },
    }),
  },
  editCredential: {
    input: async (fixture) => {
      const { credentials } = await anyChannel(fixture)
      return { params: { id: credentials[0]?.id ?? '' }, body: { state: 'paused' } }
    },
  },

  listModels: {},
  addModelPrice: {
    input: async () => ({
      params: { model: 'sandbox-image' },
      body: {
        price: {
          kind: 'images',
          steps: [{ quality: 'low', pixels_max: 4_000_000, micro_per_image: '1000' }],
        },
      },
    }),
  },

  listAllImages: {},
  getAnyImage: { input: ofTask },
  cancelAnyImage: { input: ofTask, good: [200, 422] },

  getAdminOverview: {},
  followAdminOverview: {},
}

/** The actor's session; a new one for a call that ends sessions. */
export async function sessionFor(fixture: Fixture, actor: Actor, ends: boolean) {
  if (!ends || actor.role === undefined || actor.name === 'banned') return actor.token
  return signIn(fixture, actor.email)
}

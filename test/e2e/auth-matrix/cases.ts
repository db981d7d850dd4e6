import type { ControlOperation } from '@sluice/contracts/control/routes'

import { eventually } from '../harness/context.ts'
import type { Actor, CallInput, Fixture } from './fixture.ts'
import { must, PASSWORD, signIn } from './fixture.ts'

/** How one operation is asked for, and what is special about it. */
export interface MatrixCase {
  /** A request that the owner (or an admin, for what is theirs) may make; made anew for each actor. */
  input?: (fixture: Fixture, actor: Actor) => Promise<CallInput>
  /** True for what belongs to one person: for everybody else, admins too, it is not there. */
  isOwned?: true
  /** Statuses of a good answer, where more than the route's own are good. */
  good?: number[]
  /** True when the call ends the session that makes it, or others of the same person. */
  spendsSession?: true
}

let made = 0
const fresh = (word: string) => `${word}-${(made += 1)}`
const ownerOf = ({ actors }: Fixture) => actors.owner.token
const adminOf = ({ actors }: Fixture) => actors.admin.token

async function ownKey(fixture: Fixture): Promise<{ id: string }> {
  const key = await must<{ id: string }>(fixture, 'createApiKey', {
    as: ownerOf(fixture),
    input: { body: { name: fresh('key') } },
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

const DRAWINGS_MAX = 20

/** A partial picture is shown while its picture is drawn, which the sandbox may do between two looks. */
async function ownPartial(fixture: Fixture): Promise<Record<string, string>> {
  for (let generating = 0; generating < DRAWINGS_MAX; generating += 1) {
    const { id } = await ownTask(fixture, { partial_images: 2 })
    const url = await eventually(() => partialOrEnd(fixture, id))
    const [index = '', number = ''] = url.split('/').slice(-2)
    if (url !== ENDED) return { id, index, number }
  }
  throw new Error(`no partial picture of ${DRAWINGS_MAX} was seen`)
}

const ENDED = 'ended'

async function partialOrEnd(fixture: Fixture, id: string): Promise<string | undefined> {
  const as = ownerOf(fixture)
  const task = await must<Task>(fixture, 'getImage', { as, input: { params: { id } } })
  const isRunning = task.state === 'queued' || task.state === 'running'
  return task.pictures[0]?.partial_url ?? (isRunning ? undefined : ENDED)
}

async function newUser(fixture: Fixture): Promise<{ id: string }> {
  const body = { email: `${fresh('somebody')}@matrix.test`, password: PASSWORD }
  return must(fixture, 'createUser', { as: adminOf(fixture), input: { body } })
}

const newChannel = () => ({
  name: fresh('channel'),
  dialect: 'sandbox',
  base_url: '',
  models: [{ model: fresh('model'), upstream_model: 'sandbox-image', kinds: ['image'] }],
  secrets: [fresh('secret')],
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

/** Every operation. One that is missing here is a type error, and so fails the build. */
export const matrixCases: Record<ControlOperation, MatrixCase> = {
  getOpenApi: {},
  getSite: {},
  register: {
    input: async () => ({ body: { email: `${fresh('new')}@matrix.test`, password: PASSWORD } }),
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
  logout: { spendsSession: true },
  getMe: {},
  changePassword: {
    spendsSession: true,
    input: async () => ({ body: { current_password: PASSWORD, new_password: PASSWORD } }),
  },

  listApiKeys: {},
  createApiKey: { input: async () => ({ body: { name: fresh('key') } }) },
  getApiKey: { isOwned: true, input: ofKey },
  editApiKey: {
    isOwned: true,
    input: async (fixture) => ({ ...(await ofKey(fixture)), body: { name: fresh('renamed') } }),
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
  // The sandbox may be quicker than we are: then it is too late, which is an answer to its owner only.
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
  createUser: { input: async () => ({ body: { email: `${fresh('made')}@matrix.test` } }) },
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
      headers: { 'idempotency-key': fresh('grant') },
      body: { amount_micro: '1000000', note: 'a gift' },
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
      body: { secrets: [fresh('secret')] },
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

/** A session of its own for a call that ends sessions. */
export async function sessionFor(fixture: Fixture, actor: Actor, spends: boolean) {
  if (!spends || actor.role === undefined || actor.name === 'banned') return actor.token
  return signIn(fixture, actor.email)
}

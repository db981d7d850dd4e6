import type { ControlOperation } from '@sluice/contracts/control/routes'

import { eventually } from '../harness/context.ts'
import type { Actor, Wish, World } from './world.ts'
import { must, PASSWORD, signIn } from './world.ts'

/** How one operation is asked for, and what is special about it. */
export interface MatrixCase {
  /** A request that the owner (or an admin, for what is theirs) may make; made anew for each actor. */
  wish?: (world: World, actor: Actor) => Promise<Wish>
  /** True for what belongs to one person: for everybody else, admins too, it is not there. */
  isOwned?: true
  /** Statuses of a good answer, where more than the route's own are good. */
  good?: number[]
  /** True when the call ends the session that makes it, or others of the same person. */
  spendsSession?: true
}

let made = 0
const fresh = (word: string) => `${word}-${(made += 1)}`
const ownerOf = ({ actors }: World) => actors.owner.token
const adminOf = ({ actors }: World) => actors.admin.token

async function ownKey(world: World): Promise<{ id: string }> {
  const key = await must<{ id: string }>(world, 'createApiKey', {
    as: ownerOf(world),
    wish: { body: { name: fresh('key') } },
  })
  world.secrets.add(key.id)
  return key
}

interface Task {
  id: string
  state: string
  pictures: { partial_url: string | null }[]
}

async function ownTask(world: World, extra: object = {}): Promise<Task> {
  const task = await must<Task>(world, 'createImages', {
    as: ownerOf(world),
    wish: { body: { model: 'sandbox-image', prompt: 'a heron', size: '512x512', ...extra } },
  })
  world.secrets.add(task.id)
  return task
}

async function endedTask(world: World): Promise<Task> {
  const { id } = await ownTask(world)
  return eventually(async () => {
    const task = await must<Task>(world, 'getImage', {
      as: ownerOf(world),
      wish: { params: { id } },
    })
    return task.state === 'done' ? task : undefined
  })
}

async function chargedTask(world: World): Promise<Task> {
  const task = await endedTask(world)
  await eventually(async () => {
    const { charged_micro } = await must<{ charged_micro: string | null }>(world, 'getImage', {
      as: ownerOf(world),
      wish: { params: { id: task.id } },
    })
    return charged_micro ?? undefined
  })
  return task
}

const DRAWINGS_MAX = 20

/** A partial picture is shown while its picture is drawn, which the sandbox may do between two looks. */
async function ownPartial(world: World): Promise<Record<string, string>> {
  for (let drawing = 0; drawing < DRAWINGS_MAX; drawing += 1) {
    const { id } = await ownTask(world, { partial_images: 2 })
    const url = await eventually(() => partialOrEnd(world, id))
    const [index = '', number = ''] = url.split('/').slice(-2)
    if (url !== ENDED) return { id, index, number }
  }
  throw new Error(`no partial picture of ${DRAWINGS_MAX} was seen`)
}

const ENDED = 'ended'

async function partialOrEnd(world: World, id: string): Promise<string | undefined> {
  const as = ownerOf(world)
  const task = await must<Task>(world, 'getImage', { as, wish: { params: { id } } })
  const isRunning = task.state === 'queued' || task.state === 'running'
  return task.pictures[0]?.partial_url ?? (isRunning ? undefined : ENDED)
}

async function newUser(world: World): Promise<{ id: string }> {
  const body = { email: `${fresh('somebody')}@matrix.test`, password: PASSWORD }
  return must(world, 'createUser', { as: adminOf(world), wish: { body } })
}

const newChannel = () => ({
  name: fresh('channel'),
  dialect: 'sandbox',
  base_url: '',
  models: [{ model: fresh('model'), upstream_model: 'sandbox-image', kinds: ['image'] }],
  secrets: [fresh('secret')],
})

async function anyChannel(world: World) {
  type Channel = { id: string; credentials: { id: string }[] }
  return must<Channel>(world, 'createChannel', { as: adminOf(world), wish: { body: newChannel() } })
}

const ofKey = async (world: World) => ({ params: { id: (await ownKey(world)).id } })
const ofTask = async (world: World) => ({ params: { id: (await ownTask(world)).id } })
const ofUser = async (world: World) => ({ params: { id: (await newUser(world)).id } })
const ofChannel = async (world: World) => ({ params: { id: (await anyChannel(world)).id } })

/** Every operation. One that is missing here is a type error, and so fails the build. */
export const matrixCases: Record<ControlOperation, MatrixCase> = {
  getOpenApi: {},
  getSite: {},
  register: {
    wish: async () => ({ body: { email: `${fresh('new')}@matrix.test`, password: PASSWORD } }),
  },
  login: {
    wish: async ({ actors }) => ({ body: { email: actors.owner.email, password: PASSWORD } }),
  },
  refresh: {
    wish: async (world) => {
      const body = { email: world.actors.owner.email, password: PASSWORD }
      const { refresh_token } = await must<{ refresh_token: string }>(world, 'login', {
        as: undefined,
        wish: { body },
      })
      return { body: { refresh_token } }
    },
  },
  logout: { spendsSession: true },
  getMe: {},
  changePassword: {
    spendsSession: true,
    wish: async () => ({ body: { current_password: PASSWORD, new_password: PASSWORD } }),
  },

  listApiKeys: {},
  createApiKey: { wish: async () => ({ body: { name: fresh('key') } }) },
  getApiKey: { isOwned: true, wish: ofKey },
  editApiKey: {
    isOwned: true,
    wish: async (world) => ({ ...(await ofKey(world)), body: { name: fresh('renamed') } }),
  },
  revokeApiKey: { isOwned: true, wish: ofKey },

  listImageModels: {},
  estimateImages: { wish: async () => ({ body: { model: 'sandbox-image' } }) },
  createImages: { wish: async () => ({ body: { model: 'sandbox-image', prompt: 'a heron' } }) },
  listImages: {},
  getImage: { isOwned: true, wish: ofTask },
  followImage: { isOwned: true, wish: ofTask },
  getImagePartial: {
    isOwned: true,
    wish: async (world) => ({ params: await ownPartial(world) }),
  },
  // The sandbox may be quicker than we are: then it is too late, which is an answer to its owner only.
  cancelImage: { isOwned: true, wish: ofTask, good: [200, 422] },
  retryImage: {
    isOwned: true,
    wish: async (world) => ({ params: { id: (await endedTask(world)).id } }),
  },

  getOverview: {},
  getUsage: {},
  listCharges: {},
  getCharge: {
    isOwned: true,
    wish: async (world) => ({ params: { id: (await chargedTask(world)).id } }),
  },
  listLedger: {},

  listUsers: {},
  createUser: { wish: async () => ({ body: { email: `${fresh('made')}@matrix.test` } }) },
  getUser: { wish: ofUser },
  editUser: {
    wish: async (world) => ({
      ...(await ofUser(world)),
      body: { banned: true, ban_reason: 'matrix' },
    }),
  },
  grantCredits: {
    wish: async (world) => ({
      ...(await ofUser(world)),
      headers: { 'idempotency-key': fresh('grant') },
      body: { amount_micro: '1000000', note: 'a gift' },
    }),
  },
  listUserLedger: { wish: ofUser },

  listChannels: {},
  createChannel: { wish: async () => ({ body: newChannel() }) },
  getChannel: { wish: ofChannel },
  editChannel: { wish: async (world) => ({ ...(await ofChannel(world)), body: { weight: 2 } }) },
  testChannel: { wish: ofChannel },
  addCredentials: {
    wish: async (world) => ({ ...(await ofChannel(world)), body: { secrets: [fresh('secret')] } }),
  },
  editCredential: {
    wish: async (world) => {
      const { credentials } = await anyChannel(world)
      return { params: { id: credentials[0]?.id ?? '' }, body: { state: 'paused' } }
    },
  },

  listModels: {},
  addModelPrice: {
    wish: async () => ({
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
  getAnyImage: { wish: ofTask },
  cancelAnyImage: { wish: ofTask, good: [200, 422] },

  getAdminOverview: {},
  followAdminOverview: {},
}

/** A session of its own for a call that ends sessions. */
export async function sessionFor(world: World, actor: Actor, spends: boolean) {
  if (!spends || actor.role === undefined || actor.name === 'banned') return actor.token
  return signIn(world, actor.email)
}

import type { Billing } from '@sluice/contracts/billing.contract'
import type { Dialect } from '@sluice/contracts/dialects'
import type { ChannelModel, Scheduler } from '@sluice/contracts/scheduler.contract'
import { generatePassword } from '@sluice/edge-api/accounts'
import { isAppError } from '@sluice/kernel/app-error'
import { MICRO_PER_CREDIT } from '@sluice/kernel/credits'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'
import { builtInChannel, confineBuiltInChannels } from '@sluice/upstreams/built-in-channels'

import type { StandaloneConfig } from '../config.ts'
import { defaultModels, routableModels, sampleModels } from './known-models.ts'

/** The methods of edge-api's accounts that a first start uses. */
export interface AccountMethods {
  createUser(input: {
    email: string
    role: 'admin' | 'user'
    /** Null for users who do not sign in with a password. */
    password: string | null
  }): Promise<{ id: string; wallet: string; created: boolean }>
  issueKey(input: {
    userId: string
    wallet: string
    name: string
    /** The key itself, if the operator chose it. */
    secret?: string
  }): Promise<{ id: string; apiKey: string; created: boolean }>
}

export interface FirstStartDeps {
  accounts: AccountMethods
  billing: Pick<Billing, 'grantCredits'>
  scheduler: Pick<Scheduler, 'readCatalog' | 'editChannel' | 'changeChannel' | 'importCredentials'>
  /** Model names of an OpenAI channel; rejects when the upstream is unreachable. */
  listModels: (access: { baseUrl: string; secret: string }) => Promise<string[]>
  random: Random
  log: Log
}

/** What is shown to the operator once; undefined parts existed before. */
export interface FirstStart {
  email: string
  password: string | undefined
  apiKey: string | undefined
}

/**
 * Creates what an installation needs for its first request, each part only if it is missing:
 * admin, wallet with credits, API key, channels. Idempotent, also after a crash.
 */
export async function firstStart(
  deps: FirstStartDeps,
  config: StandaloneConfig,
): Promise<FirstStart> {
  const admin = await ensureAdmin(deps, config)
  const apiKey = await ensureKey(deps, { config, admin })
  await ensureChannels(deps, config)
  return { email: config.ADMIN_EMAIL, password: admin.password, apiKey }
}

async function ensureAdmin(
  { accounts, billing, random }: FirstStartDeps,
  config: StandaloneConfig,
) {
  const made = config.ADMIN_PASSWORD ?? generatePassword({ random })
  const user = await accounts
    .createUser({ email: config.ADMIN_EMAIL, role: 'admin', password: made })
    .catch((cause: unknown) => {
      if (!isAppError(cause, 'weak_password')) throw cause
      throw new Error(`ADMIN_PASSWORD is refused. ${cause.message}`, { cause })
    })
  if (config.SLUICE_STARTING_CREDITS > 0) {
    // Granted once per wallet; later changes of the setting have no effect.
    await billing.grantCredits({
      transferId: `starting-credits-${user.wallet}`,
      wallet: user.wallet,
      amountMicro: BigInt(config.SLUICE_STARTING_CREDITS) * MICRO_PER_CREDIT,
      memo: 'starting credits',
    })
  }
  const chosen = config.ADMIN_PASSWORD !== undefined
  return { ...user, password: user.created && !chosen ? made : undefined }
}

async function ensureKey(
  { accounts }: FirstStartDeps,
  spec: { config: StandaloneConfig; admin: { id: string; wallet: string; created: boolean } },
): Promise<string | undefined> {
  const secret = spec.config.SLUICE_FIRST_API_KEY
  const owner = { userId: spec.admin.id, wallet: spec.admin.wallet, name: 'first key' }
  if (secret) {
    const key = await accounts.issueKey({ ...owner, secret })
    return key.created ? secret : undefined
  }
  // A key is shown once, so only the start that created its owner issues one.
  return spec.admin.created ? (await accounts.issueKey(owner)).apiKey : undefined
}

async function ensureChannels(deps: FirstStartDeps, config: StandaloneConfig): Promise<void> {
  const { scheduler } = deps
  const { channels } = await scheduler.readCatalog({})
  const has = (name: string) => channels.some((channel) => channel.name === name)
  if (config.OPENAI_API_KEY && !has('openai')) {
    await addChannel(deps, {
      name: 'openai',
      dialect: 'openai',
      baseUrl: config.OPENAI_BASE_URL,
      secret: config.OPENAI_API_KEY,
      models: await openAiModels(deps, config),
    })
  }
  if (!has(builtInChannel.name)) {
    const models = [...builtInChannel.models, ...sampleModels]
    await addChannel(deps, { ...builtInChannel, models })
  }
  await confineBuiltInChannels(scheduler)
}

async function openAiModels(
  { listModels, log }: FirstStartDeps,
  config: StandaloneConfig,
): Promise<ChannelModel[]> {
  const access = { baseUrl: config.OPENAI_BASE_URL, secret: config.OPENAI_API_KEY ?? '' }
  try {
    const models = routableModels(await listModels(access))
    if (models.length > 0) return models
    log.warn('the openai channel lists no routable model; using the default model names')
  } catch (err) {
    log.warn(
      { err },
      'listing the models of the openai channel failed; using the default model names',
    )
  }
  return defaultModels
}

/** Adds a channel with one credential; a repeat only overwrites the channel's settings. */
async function addChannel(
  { scheduler }: FirstStartDeps,
  channel: {
    name: string
    dialect: Dialect
    baseUrl: string
    secret: string
    models: ChannelModel[]
  },
): Promise<void> {
  const { secret, ...rest } = channel
  const edit = { priority: 0, weight: 1, enabled: true, settings: {}, ...rest }
  const { channelId } = await scheduler.editChannel(edit)
  const credentials = [{ secret, concurrencyMax: 64 }]
  await scheduler.importCredentials({ channelId, credentials })
}

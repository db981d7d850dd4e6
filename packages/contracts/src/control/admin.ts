import { z } from 'zod'

import { channelSettings as settings, settingsText } from '../channel-settings.ts'
import { amountMicro, id, instant, microCredits } from '../codecs.ts'
import { imageQuality } from '../image-request.ts'
import { credentialOperation, credentialState, dialect } from '../scheduler.contract.ts'
import { amountFields, needAmount } from './amounts.ts'
import { priceInput } from './price-input.ts'
import { email, newPassword, role, shownBalance } from './auth.ts'
import { pageQuery, userText, shownRestriction } from './fields.ts'

export const adminUser = z.object({
  id,
  email: z.string(),
  role,
  created_at: instant,
  banned_at: instant.nullable(),
  ban_reason: z.string().nullable(),
  last_seen_at: instant.nullable(),
  balance: shownBalance,
})
export type AdminUser = z.input<typeof adminUser>

export const listUsersQuery = pageQuery.extend({
  /** Part of the e-mail, or an id. */
  q: z.string().max(254).optional(),
  role: role.optional(),
  state: z.enum(['active', 'banned']).optional(),
})

export const createUserBody = z.strictObject({
  email,
  role: role.default('user'),
  /** Made and answered once when it is absent. */
  password: newPassword.optional(),
})
export const createdUser = adminUser.extend({
  /** Only when we made it, and only in this answer. */
  password: z.string().nullable(),
})

/**
 * `banned: true` needs a `ban_reason`; a ban that is there already stays as it was. Nobody can ban or demote
 * themselves, or the last admin who is not banned.
 */
export const editUserBody = z
  .strictObject({ role, banned: z.boolean(), ban_reason: userText(200) })
  .partial()

/** `amount` in credits, or `amount_micro`. */
export const grantCreditsBody = z
  .strictObject({
    amount: amountFields.credits.optional(),
    amount_micro: amountFields.micro.optional(),
    note: userText(200),
  })
  .transform(({ amount, amount_micro, note }, context) => ({
    amount_micro: needAmount('amount', { credits: amount, micro: amount_micro }, context),
    note,
  }))
/** `fresh` is false when this Idempotency-Key had given them before: then nothing was given now. */
export const grantedCredits = z.object({ balance: shownBalance, fresh: z.boolean() })

export const shownCredential = z.object({
  id,
  state: credentialState,
  /** Why it is not active, in words. */
  reason: z.string().nullable(),
  concurrency_max: z.int().positive(),
  cooling_until: instant.nullable(),
  /** What it cannot do for a while. `limited`: not before `until`; `denied`: only when no other can. */
  restrictions: z.array(shownRestriction),
})

export const shownChannelModel = z.strictObject({
  model: userText(200),
  upstream_model: userText(200),
  kinds: z
    .array(z.enum(['chat', 'image']))
    .min(1)
    .max(2),
  output_tokens_max: z.int().positive().optional(),
})

export const channel = z.object({
  id,
  name: z.string(),
  dialect,
  base_url: z.string(),
  priority: z.int(),
  weight: z.int().positive(),
  enabled: z.boolean(),
  models: z.array(shownChannelModel),
  /** Settings of its dialect. */
  settings: z.record(z.string(), z.unknown()),
  credentials: z.array(shownCredential),
})
export type ShownChannel = z.input<typeof channel>

const channelFields = {
  name: userText(100),
  /** https, or http to a loopback or private address that the operator means. Empty for the sandbox. */
  base_url: z.string().trim().max(500),
  priority: z.int().min(-1_000).max(1_000),
  weight: z.int().min(1).max(1_000),
  enabled: z.boolean(),
  models: z.array(shownChannelModel).min(1).max(1_000),
}
const secrets = z.array(z.string().trim().min(1).max(10_000)).min(1).max(1_000)
const concurrency = z.int().min(1).max(10_000).default(64)

export const createChannelBody = z.strictObject({
  ...channelFields,
  dialect,
  priority: channelFields.priority.default(0),
  weight: channelFields.weight.default(1),
  enabled: channelFields.enabled.default(true),
  settings: settings.default({}),
  secrets,
  concurrency_max: concurrency,
})
/**
 * The name and the dialect of a channel stay. A secret goes to the host that it was entered for and to no
 * other: a `base_url` of another origin (scheme, host, port) is refused (`missing_required_parameter`,
 * `secrets`) unless the pool is empty, paused and troubled credentials counted, or `secrets` come with it.
 * Then all credentials that are not among them are retired. Otherwise `secrets` are added to the pool.
 */
export const editChannelBody = z
  .strictObject({
    base_url: channelFields.base_url,
    priority: channelFields.priority,
    weight: channelFields.weight,
    enabled: channelFields.enabled,
    models: channelFields.models,
    settings: settings.describe(`${settingsText} Only what is named changes; null takes one away.`),
    secrets,
  })
  .partial()
  .extend({
    /** Of the credentials that `secrets` become. */
    concurrency_max: concurrency,
  })
export const addCredentialsBody = z.strictObject({ secrets, concurrency_max: concurrency })
export const addedCredentials = z.object({ added: z.int(), known: z.int() })
/** `retired` is final: the credential is gone from every list, and its secret may be added anew. */
export const editCredentialBody = z.strictObject({ state: z.enum(['active', 'paused', 'retired']) })

/**
 * Each credential that is not retired, at most 20, those with trouble first, asks the upstream for its models
 * now, and sends an empty request to chat and to images, which shows what it may do and costs nothing. What
 * came of it is told to the scheduler. A credential in `attention` that works is used again: what
 * it was refused for is over, or its next use finds it out anew. A paused one stays paused. One that may only
 * not list models is left as it is: it may do all else.
 */
export const channelTest = z.object({
  /** There was a credential, and all that were asked with work. */
  ok: z.boolean(),
  results: z.array(
    z.object({
      credential_id: id,
      /** Nothing was found that keeps it from being used. */
      ok: z.boolean(),
      /** All three are tried; `unknown`: neither the upstream nor an earlier use has shown it. */
      operations: z.array(
        z.object({
          operation: credentialOperation,
          can: z.enum(['yes', 'no', 'unknown']),
          /** Permissions that the key lacks for it, as the upstream names them. */
          missing_scopes: z.array(z.string()),
        }),
      ),
      duration_ms: z.int().nonnegative(),
      /** How many models the upstream listed; null when it did not. */
      models: z.int().nonnegative().nullable(),
      /** Why it did not list them, as a sentence. */
      message: z.string().nullable(),
    }),
  ),
  /** Public names of the channel whose upstream name no credential was shown; empty when none works. */
  missing_models: z.array(z.string()),
})
export type ChannelTest = z.input<typeof channelTest>

/** A price as this API writes it; micro-credits. */
export const shownPriceValue = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('tokens'),
    input_micro_per_million: amountMicro,
    cached_input_micro_per_million: amountMicro,
    output_micro_per_million: amountMicro,
  }),
  z.strictObject({
    kind: z.literal('images'),
    /** Pictures of this quality with at most so many pixels. */
    steps: z
      .array(
        z.strictObject({
          quality: imageQuality,
          pixels_max: z.int().positive(),
          micro_per_image: amountMicro,
        }),
      )
      .min(1)
      .max(100),
  }),
])

export const shownPrice = z.object({
  id: z.string(),
  model: z.string(),
  effective_at: instant,
  price: shownPriceValue,
})
export const adminModel = z.object({
  model: z.string(),
  kinds: z.array(z.enum(['chat', 'image'])),
  channels: z.array(
    z.object({
      id,
      name: z.string(),
      enabled: z.boolean(),
      upstream_model: z.string(),
      /** Credentials that may be used now, and all. */
      usable: z.int().nonnegative(),
      credentials: z.int().nonnegative(),
    }),
  ),
  /** In force now, one for each kind: its own row, or that of `*`, which is for every model. None: not for sale. */
  prices: z.array(shownPrice),
})
export type AdminModel = z.input<typeof adminModel>
/** A public name that a channel offers, or `*` for every model without a price of its own. */
export const modelParams = z.object({ model: z.string().min(1).max(200) })
export const addPriceBody = z.strictObject({
  price: priceInput,
  /** From now on unless said; never in the past. */
  effective_at: instant.optional(),
})

/** Counters of the system. Sent by `GET /api/admin/overview/live` as event `counters` about every second. */
export const liveCounters = z.object({
  at: instant,
  requests: z.object({
    /** Of this edge, now. */
    running: z.int().nonnegative(),
    /** Of all edges, ended in the last 60 seconds, as logged: up to ten seconds late. */
    last_minute: z.int().nonnegative(),
    /** Those of them that failed through us or an upstream (5xx), not through their caller. */
    failures_last_minute: z.int().nonnegative(),
  }),
  images: z.object({
    queued: z.int().nonnegative(),
    generating: z.int().nonnegative(),
    /** Tasks that ended today (UTC): with a picture, or without any. */
    stored_today: z.int().nonnegative(),
    failed_today: z.int().nonnegative(),
    oldest_queued_at: instant.nullable(),
  }),
  credentials: z.object({
    active: z.int().nonnegative(),
    cooling: z.int().nonnegative(),
    paused: z.int().nonnegative(),
    attention: z.int().nonnegative(),
    retired: z.int().nonnegative(),
  }),
  /** Of all wallets; a few seconds old. */
  money: z.object({
    charged_today_micro: amountMicro,
    held_micro: amountMicro,
    available_micro: microCredits,
  }),
})
export type LiveCounters = z.input<typeof liveCounters>

export const adminOverview = z.object({
  counters: liveCounters,
  /** What a person should look at, worst first; empty when all is well. */
  concerns: z.array(
    z.object({
      code: z.enum([
        'no-real-channel',
        'no-usable-credential',
        'credential-attention',
        'failures-high',
        'queue-old',
        'ledger-drift',
        'dependency-away',
      ]),
      /** What it is about: a channel's or model's name, a check's name. */
      subject: z.string().nullable(),
      count: z.int().nonnegative(),
    }),
  ),
  /** One point a minute, the last 60 minutes, oldest first. */
  minutes: z.array(
    z.object({ at: instant, requests: z.int().nonnegative(), failures: z.int().nonnegative() }),
  ),
  users: z.object({ total: z.int().nonnegative(), banned: z.int().nonnegative() }),
})
export type AdminOverview = z.input<typeof adminOverview>

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
  /** A substring of the e-mail, or an id. */
  q: z.string().max(254).optional(),
  role: role.optional(),
  state: z.enum(['active', 'banned']).optional(),
})

export const createUserBody = z.strictObject({
  email,
  role: role.default('user'),
  /** Generated and returned once when it is absent. */
  password: newPassword.optional(),
})
export const createdUser = adminUser.extend({
  /** Only a generated password, and only in this response; else null. */
  password: z.string().nullable(),
})

/**
 * `banned: true` requires a `ban_reason`; an existing ban is not changed. Users cannot ban or demote
 * themselves, and the last admin who is not banned cannot be banned or demoted.
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
/** `fresh` is false when an earlier request with this Idempotency-Key granted the credits. */
export const grantedCredits = z.object({ balance: shownBalance, fresh: z.boolean() })

export const shownCredential = z.object({
  id,
  state: credentialState,
  /** Why it is not active. */
  reason: z.string().nullable(),
  concurrency_max: z.int().positive(),
  cooling_until: instant.nullable(),
  /** Temporary limits. `limited`: not used before `until`; `denied`: used only if no other credential can. */
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
  /** https, or http to a loopback or private address. Empty for built-in dialects. */
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
 * The name and the dialect cannot be changed. A secret is only sent to the host that it was entered for: a
 * `base_url` of another origin (scheme, host, port) is rejected (`missing_required_parameter`, `secrets`)
 * unless the pool has no credentials, paused ones included, or the request has `secrets`. Then all
 * credentials that are not among `secrets` are retired. Without a new origin, `secrets` are added.
 */
export const editChannelBody = z
  .strictObject({
    base_url: channelFields.base_url,
    priority: channelFields.priority,
    weight: channelFields.weight,
    enabled: channelFields.enabled,
    models: channelFields.models,
    settings: settings.describe(
      `${settingsText} Settings that are absent are unchanged; null removes one.`,
    ),
    secrets,
  })
  .partial()
  .extend({
    /** For each credential that is created from `secrets`. */
    concurrency_max: concurrency,
  })
export const addCredentialsBody = z.strictObject({ secrets, concurrency_max: concurrency })
export const addedCredentials = z.object({ added: z.int(), known: z.int() })
/** `retired` is final: the credential is in no list any more, and its secret may be added again. */
export const editCredentialBody = z.strictObject({ state: z.enum(['active', 'paused', 'retired']) })

/**
 * Tests up to 20 credentials that are not retired, inactive ones first: lists the upstream's models and sends
 * empty requests to chat and to images, which are free and reveal permissions. The results are reported to the
 * scheduler: `attention` becomes `active`, `paused` stays; a key that only cannot list models is unchanged.
 */
export const channelTest = z.object({
  /** At least one credential was tested, and all tested ones work. */
  ok: z.boolean(),
  results: z.array(
    z.object({
      credential_id: id,
      /** The test found no reason not to use it. */
      ok: z.boolean(),
      /** All three are tested; `unknown`: neither the test nor an earlier use had a definite result. */
      operations: z.array(
        z.object({
          operation: credentialOperation,
          can: z.enum(['yes', 'no', 'unknown']),
          /** Permissions that the key lacks for it, by the upstream's names. */
          missing_scopes: z.array(z.string()),
        }),
      ),
      duration_ms: z.int().nonnegative(),
      /** How many models the upstream listed; null when it did not. */
      models: z.int().nonnegative().nullable(),
      /** Why it did not list them. */
      message: z.string().nullable(),
    }),
  ),
  /** Public models of the channel that no credential lists upstream; empty when no credential works. */
  missing_models: z.array(z.string()),
})
export type ChannelTest = z.input<typeof channelTest>

/** A price in responses of this API, in micro-credits. */
export const shownPriceValue = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('tokens'),
    input_micro_per_million: amountMicro,
    cached_input_micro_per_million: amountMicro,
    output_micro_per_million: amountMicro,
  }),
  z.strictObject({
    kind: z.literal('images'),
    /** The price of pictures of a quality with at most `pixels_max` pixels. */
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
      /** The number of credentials that may be used now, and of all credentials. */
      usable: z.int().nonnegative(),
      credentials: z.int().nonnegative(),
    }),
  ),
  /** The current price for each kind: the model's own row, else that of `*`. Unavailable without one. */
  prices: z.array(shownPrice),
})
export type AdminModel = z.input<typeof adminModel>
/** A public model name, or `*` for every model without a price of its own. */
export const modelParams = z.object({ model: z.string().min(1).max(200) })
export const addPriceBody = z.strictObject({
  price: priceInput,
  /** Now by default; never in the past. */
  effective_at: instant.optional(),
})

/** System counters. `GET /api/admin/overview/live` sends them as event `counters` about every second. */
export const liveCounters = z.object({
  at: instant,
  requests: z.object({
    /** Running requests of this edge. */
    running: z.int().nonnegative(),
    /** Requests of all edges that ended in the last 60 seconds, from the request log; up to 10 s late. */
    last_minute: z.int().nonnegative(),
    /** Those of them that failed with 5xx. */
    failures_last_minute: z.int().nonnegative(),
  }),
  images: z.object({
    queued: z.int().nonnegative(),
    generating: z.int().nonnegative(),
    /** Tasks that ended today (UTC) with at least one picture, and without any. */
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
  /** Sums over all wallets; may be a few seconds old. */
  money: z.object({
    charged_today_micro: amountMicro,
    held_micro: amountMicro,
    available_micro: microCredits,
  }),
})
export type LiveCounters = z.input<typeof liveCounters>

export const adminOverview = z.object({
  counters: liveCounters,
  /** Problems that need an operator, most severe first. */
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
      /** The name of the channel, model or check concerned. */
      subject: z.string().nullable(),
      count: z.int().nonnegative(),
    }),
  ),
  /** One point per minute of the last 60 minutes, oldest first. */
  minutes: z.array(
    z.object({ at: instant, requests: z.int().nonnegative(), failures: z.int().nonnegative() }),
  ),
  users: z.object({ total: z.int().nonnegative(), banned: z.int().nonnegative() }),
})
export type AdminOverview = z.input<typeof adminOverview>

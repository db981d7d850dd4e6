// long: one contract, its shapes beside the methods that use them
import { z } from 'zod'

import { id, instant } from './codecs.ts'
import type { PortOf } from './define-contract.ts'
import { defineContract } from './define-contract.ts'
import { dialects } from './dialects.ts'

export const dialect = z.enum(dialects)

/** A secret encrypted for its credential row; decrypted only in memory by the service that uses it. */
export const sealedSecret = z.object({ keyId: z.string(), box: z.string() })
export type SealedSecret = z.output<typeof sealedSecret>

/** A model that a channel offers under a public name. */
export const channelModel = z.object({
  /** The public name. */
  model: z.string().min(1).max(200),
  /** The upstream's name of the model. */
  upstreamModel: z.string().min(1).max(200),
  kinds: z.array(z.enum(['chat', 'image'])).min(1),
  /** The maximum tokens of one chat response; reserved when the caller sets no limit. */
  outputTokensMax: z.int().positive().optional(),
})
export type ChannelModel = z.output<typeof channelModel>

export const credentialState = z.enum(['active', 'paused', 'attention', 'retired'])

/** The operation that a credential is used for. `models` lists the models; only operators request it. */
export const credentialOperation = z.enum(['chat', 'image', 'models'])
export type CredentialOperation = z.output<typeof credentialOperation>

const upstreamModelName = z.string().min(1).max(200)

/** A limit on the use of a credential until a given time, learned from an upstream's response. */
export const credentialRestriction = z.object({
  /** `limited`: not used for this. `denied`: used for this only when there is no other credential. */
  kind: z.enum(['limited', 'denied']),
  operation: credentialOperation.optional(),
  /** The upstream's name of the model. */
  model: upstreamModelName.optional(),
  until: instant,
})
export type CredentialRestriction = z.output<typeof credentialRestriction>

/** A credential in the edge's catalog snapshot; enough to use a shared one without calling the scheduler. */
export const catalogCredential = z.object({
  id,
  state: credentialState,
  concurrencyMax: z.int().positive(),
  /** Not used before this time; null when it may be used now. */
  coolingUntil: instant.nullable(),
  /** Why it is in state `attention`, without secrets; for the panel. Null when there are very many. */
  reason: z.string().nullable().optional(),
  /** Current limits on its use. Truncated when there are very many. */
  restrictions: z.array(credentialRestriction).optional(),
  secret: sealedSecret,
})
export type CatalogCredential = z.output<typeof catalogCredential>

export const catalogChannel = z.object({
  id,
  name: z.string(),
  dialect,
  baseUrl: z.string(),
  /** Channels are tried from the highest priority down; within one priority by weight. */
  priority: z.int(),
  weight: z.int().positive(),
  enabled: z.boolean(),
  models: z.array(channelModel),
  /** Settings of the dialect; see `channel-settings.ts`. */
  settings: z.record(z.string(), z.unknown()),
  credentials: z.array(catalogCredential),
})
export type CatalogChannel = z.output<typeof catalogChannel>

export const catalog = z.object({
  /**
   * Incremented by every change of the rows; a snapshot with a smaller version is outdated. One with the same
   * version may still differ: in credential states and cooldowns, which do not change the version.
   */
  version: z.int().nonnegative(),
  channels: z.array(catalogChannel),
})
export type Catalog = z.output<typeof catalog>

const baseUrl = z.string().max(500)
const offered = z.array(channelModel).min(1).max(1_000)
const newCredentials = z
  .array(
    z.object({
      secret: z.string().min(1).max(10_000),
      concurrencyMax: z.int().positive().max(10_000).default(64),
    }),
  )
  .min(1)
  .max(1_000)

const newChannel = z.object({
  name: z.string().min(1).max(100),
  dialect,
  baseUrl,
  priority: z.int().default(0),
  weight: z.int().positive().max(1_000).default(1),
  enabled: z.boolean().default(true),
  models: offered,
  settings: z.record(z.string(), z.unknown()).default({}),
})

/** The fields of a channel that can be changed. Its name and its dialect cannot. */
export const channelChange = z
  .object({
    baseUrl,
    priority: z.int(),
    weight: z.int().positive().max(1_000),
    enabled: z.boolean(),
    models: offered,
    /** Absent settings are unchanged; null removes a setting. */
    settings: z.record(z.string(), z.unknown()),
  })
  .partial()
export type ChannelChange = z.output<typeof channelChange>

/** The result of a credential's use; the scheduler derives cooldowns, restrictions and states from it. */
export const outcome = z.discriminatedUnion('kind', [
  /** Success with `operation` and `model`, which ends earlier restrictions on them. */
  z.object({
    kind: z.literal('ok'),
    operation: credentialOperation.optional(),
    model: upstreamModelName.optional(),
  }),
  /**
   * 429 or a used-up quota: cooldown until `retryAt`. With `model` (the upstream's name), the cooldown
   * applies to calls of that model only.
   */
  z.object({
    kind: z.literal('limited'),
    retryAt: instant.nullable(),
    model: upstreamModelName.optional(),
  }),
  /** The upstream reported that the key or its account is invalid: it is disabled until an operator acts. */
  z.object({ kind: z.literal('unauthorised'), reason: z.string().max(200) }),
  /**
   * A 401 without a specific reason: a short cooldown. The credential is disabled only when listing the
   * models, a request without any input of callers, is refused too.
   */
  z.object({
    kind: z.literal('refused'),
    reason: z.string().max(200),
    operation: credentialOperation,
  }),
  /**
   * The credential lacks the permission for this operation or this model: for some time it is used for it
   * only when there is no other credential. Other uses are not affected.
   */
  z.object({
    kind: z.literal('denied'),
    reason: z.string().max(200),
    operation: credentialOperation.optional(),
    model: upstreamModelName.optional(),
  }),
  /** A failure of the upstream: 5xx, malformed response, timeout, refused connection. */
  z.object({ kind: z.literal('failed'), reason: z.string().max(200) }),
  /** Aborted by the gateway or by the caller: no information about the credential. */
  z.object({ kind: z.literal('aborted') }),
])
export type Outcome = z.output<typeof outcome>

export const lease = z.object({
  leaseId: id,
  channelId: id,
  credentialId: id,
  /** Fencing token: incremented by every lease of the credential; a holder with a smaller one has lost it. */
  fence: z.int().positive(),
  expiresAt: instant,
  secret: sealedSecret,
  /** The catalog version that the credential was selected from. */
  catalogVersion: z.int().nonnegative().optional(),
})
export type Lease = z.output<typeof lease>

/**
 * Pools of upstream credentials: selects which credential may be used now.
 * Errors of all methods: `unavailable` when the store is unavailable, `not_found` for unknown ids.
 */
export const schedulerContract = defineContract({
  name: 'scheduler',
  version: 1,
  methods: {
    /** Returns all channels with their models and credentials; secrets are encrypted. */
    readCatalog: {
      input: z.object({
        /** Reads the rows again first; for the panel, which must show a change that was just made. */
        fresh: z.boolean().optional(),
        /** Reads the rows again first when this replica's catalog has an older version. */
        atLeastVersion: z.int().nonnegative().optional(),
      }),
      output: catalog,
    },
    /** Returns the number of retired credentials, which are not in the catalog. */
    countRetired: { input: z.object({}), output: z.object({ retired: z.int().nonnegative() }) },
    /**
     * Selects an eligible credential for the model and takes one of its concurrency slots, atomically; or
     * returns when to retry. `exclude`: credentials that this job has already tried.
     */
    grantLease: {
      input: z.object({
        model: z.string(),
        kind: z.enum(['chat', 'image']),
        holder: id,
        ttlMs: z.int().min(1_000).max(600_000),
        exclude: z.array(id).max(100).default([]),
        affinity: z.string().max(200).optional(),
      }),
      output: z.discriminatedUnion('outcome', [
        z.object({ outcome: z.literal('granted'), lease }),
        /** Credentials exist, but all are at their concurrency limit or in cooldown. */
        z.object({ outcome: z.literal('busy'), retryAt: instant }),
        /** No credential serves this model, or all that do are excluded, paused or retired. */
        z.object({ outcome: z.literal('none'), reason: z.string() }),
      ]),
    },
    /** Extends a lease; `lost` when it has expired and its slot may have been granted to another holder. */
    renewLease: {
      input: z.object({ leaseId: id, ttlMs: z.int().min(1_000).max(600_000) }),
      output: z.discriminatedUnion('outcome', [
        z.object({ outcome: z.literal('renewed'), expiresAt: instant }),
        z.object({ outcome: z.literal('lost') }),
      ]),
    },
    /** Releases a lease and reports the result of its use. No-op for a released or lost lease. */
    releaseLease: {
      input: z.object({ leaseId: id, outcome }),
      output: z.object({ released: z.boolean() }),
    },
    /** Reports the results of shared credentials that were used without a lease. */
    reportOutcomes: {
      input: z.object({
        outcomes: z.array(z.object({ credentialId: id, outcome, at: instant })).max(1_000),
      }),
      output: z.object({ applied: z.int() }),
    },
    /** Inserts or replaces a channel by name. Publishes `catalog-changed`. */
    editChannel: {
      input: newChannel,
      output: z.object({ channelId: id }),
    },
    /** Inserts a channel with its pool in one transaction. Publishes `catalog-changed`. */
    createChannel: {
      input: newChannel.extend({ credentials: newCredentials }),
      output: z.discriminatedUnion('outcome', [
        z.object({ outcome: z.literal('created'), channel: catalogChannel }),
        z.object({ outcome: z.literal('name-taken') }),
      ]),
    },
    /**
     * Updates the given fields only, also under concurrent changes of the channel. A base URL of another
     * origin would send the pool's secrets to another host: it requires `credentials` unless the pool is
     * empty, and credentials that are not among them are retired in the same transaction. Otherwise
     * `credentials` are added to the pool. Publishes `catalog-changed`.
     */
    changeChannel: {
      input: z.object({
        channelId: id,
        change: channelChange,
        credentials: newCredentials.optional(),
      }),
      output: z.discriminatedUnion('outcome', [
        z.object({
          outcome: z.literal('changed'),
          channel: catalogChannel,
          /** The number of credentials that were retired because the origin changed. */
          retired: z.int().nonnegative(),
        }),
        z.object({ outcome: z.literal('secrets-needed') }),
      ]),
    },
    /** Adds credentials to a channel's pool; skips secrets that the channel already has. */
    importCredentials: {
      input: z.object({
        channelId: id,
        credentials: newCredentials,
      }),
      output: z.object({ added: z.int(), known: z.int() }),
    },
    /** Pauses, resumes or retires a credential. */
    setCredentialState: {
      input: z.object({
        credentialId: id,
        state: credentialState,
        /** Changes the state only from one of these: guards against a concurrent change. */
        from: z.array(credentialState).optional(),
      }),
      output: z.object({ changed: z.boolean() }),
    },
  },
})

export type Scheduler = PortOf<typeof schedulerContract>

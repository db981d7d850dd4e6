// long: one contract, its shapes beside the methods that use them
import { z } from 'zod'

import { id, instant } from './codecs.ts'
import type { PortOf } from './define-contract.ts'
import { defineContract } from './define-contract.ts'

export const dialects = ['openai', 'sandbox'] as const
export const dialect = z.enum(dialects)
export type Dialect = z.output<typeof dialect>

/** A secret sealed for its credential row; opened only in memory by the service that uses it. */
export const sealedSecret = z.object({ keyId: z.string(), box: z.string() })
export type SealedSecret = z.output<typeof sealedSecret>

/** What a channel offers under a public name. */
export const channelModel = z.object({
  /** The public name. */
  model: z.string().min(1).max(200),
  /** The upstream's own name for it. */
  upstreamModel: z.string().min(1).max(200),
  kinds: z.array(z.enum(['chat', 'image'])).min(1),
  /** The most tokens one chat answer may have; the worst case when the caller sets no limit. */
  outputTokensMax: z.int().positive().optional(),
})
export type ChannelModel = z.output<typeof channelModel>

export const credentialState = z.enum(['active', 'paused', 'attention', 'retired'])

/** What a credential was used for. `models` is the list of models, which only operators ask for. */
export const credentialOperation = z.enum(['chat', 'image', 'models'])
export type CredentialOperation = z.output<typeof credentialOperation>

const upstreamModelName = z.string().min(1).max(200)

/** Something that a credential cannot do until a time, learned from an upstream. */
export const credentialRestriction = z.object({
  /** `limited`: it is not used for this. `denied`: it is used for this when no other is there. */
  kind: z.enum(['limited', 'denied']),
  operation: credentialOperation.optional(),
  /** The upstream's name of a model. */
  model: upstreamModelName.optional(),
  until: instant,
})
export type CredentialRestriction = z.output<typeof credentialRestriction>

/** A credential as the edge sees it: enough to use a shared one without asking. */
export const catalogCredential = z.object({
  id,
  state: credentialState,
  concurrencyMax: z.int().positive(),
  /** Not to be used before; null when it may be used now. */
  coolingUntil: instant.nullable(),
  /** Why it needs attention, without secrets; for the panel. */
  reason: z.string().nullable().optional(),
  /** What it may not be used for now, while all else goes on. A part of it when there is very much. */
  restrictions: z.array(credentialRestriction).optional(),
  secret: sealedSecret,
})
export type CatalogCredential = z.output<typeof catalogCredential>

export const catalogChannel = z.object({
  id,
  name: z.string(),
  dialect,
  baseUrl: z.string(),
  /** Tried from the highest priority down; within one priority by weight. */
  priority: z.int(),
  weight: z.int().positive(),
  enabled: z.boolean(),
  models: z.array(channelModel),
  /** Settings of the dialect (sandbox: latency, failures, partial pictures). */
  settings: z.record(z.string(), z.unknown()),
  credentials: z.array(catalogCredential),
})
export type CatalogChannel = z.output<typeof catalogChannel>

export const catalog = z.object({
  /**
   * Grows with every change of the rows; a snapshot with a smaller one is old. One with the same may
   * still bring news: states and rests that were learned since.
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

/** What of a channel can be changed one by one. Its name and its dialect stay. */
export const channelChange = z
  .object({
    baseUrl,
    priority: z.int(),
    weight: z.int().positive().max(1_000),
    enabled: z.boolean(),
    models: offered,
    /** Only what is named changes; null takes a setting away. */
    settings: z.record(z.string(), z.unknown()),
  })
  .partial()
export type ChannelChange = z.output<typeof channelChange>

/** What became of a credential's use; the scheduler turns it into rest, tripping or retirement. */
export const outcome = z.discriminatedUnion('kind', [
  /** `operation` and `model` say what worked: it ends what was learned of them before. */
  z.object({
    kind: z.literal('ok'),
    operation: credentialOperation.optional(),
    model: upstreamModelName.optional(),
  }),
  /**
   * 429 or a quota that is spent: rest until then. With `model`, the upstream's name of it, only calls of
   * that model rest.
   */
  z.object({
    kind: z.literal('limited'),
    retryAt: instant.nullable(),
    model: upstreamModelName.optional(),
  }),
  /** The upstream says that the key or its account is invalid: it needs a person. */
  z.object({ kind: z.literal('unauthorised'), reason: z.string().max(200) }),
  /**
   * A 401 that does not say what is wrong: the credential rests for a short time. It needs a person only
   * once the list of models, which no caller has a part in, was refused as well.
   */
  z.object({
    kind: z.literal('refused'),
    reason: z.string().max(200),
    operation: credentialOperation,
  }),
  /**
   * The credential may not do this operation, or not with this model: for a while it is chosen for it only
   * when no other is there. Everything else goes on.
   */
  z.object({
    kind: z.literal('denied'),
    reason: z.string().max(200),
    operation: credentialOperation.optional(),
    model: upstreamModelName.optional(),
  }),
  /** The upstream's fault: 5xx, broken answer, timeout, refused connection. */
  z.object({ kind: z.literal('failed'), reason: z.string().max(200) }),
  /** Ended by us or by the caller: says nothing about the credential. */
  z.object({ kind: z.literal('aborted') }),
])
export type Outcome = z.output<typeof outcome>

export const lease = z.object({
  leaseId: id,
  channelId: id,
  credentialId: id,
  /** Grows with every lease of the credential; a holder with a smaller one has lost it. */
  fence: z.int().positive(),
  expiresAt: instant,
  secret: sealedSecret,
  /** The version of the catalog by which the credential was selected. */
  catalogVersion: z.int().nonnegative().optional(),
})
export type Lease = z.output<typeof lease>

/**
 * Pools of upstream credentials: who may be used now.
 * Errors of all methods: `unavailable` when the store is away, `not_found` for unknown ids.
 */
export const schedulerContract = defineContract({
  name: 'scheduler',
  version: 1,
  methods: {
    /** Channels, models and shared credentials; secrets sealed. */
    readCatalog: {
      input: z.object({
        /** For people, who look for what they have just changed: asks for news of the rows first. */
        fresh: z.boolean().optional(),
        /** Asks for news of the rows first where this replica knows only an older version. */
        atLeastVersion: z.int().nonnegative().optional(),
      }),
      output: catalog,
    },
    /** How many credentials were retired: the catalog leaves them out. */
    countRetired: { input: z.object({}), output: z.object({ retired: z.int().nonnegative() }) },
    /**
     * Selects an eligible credential that serves the model and takes one of its places, atomically;
     * or says when to come back. `exclude` names credentials that this job has tried already.
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
        /** Credentials exist, but all are taken or resting. */
        z.object({ outcome: z.literal('busy'), retryAt: instant }),
        /** Nothing serves this model, or everything that does was excluded, paused or retired. */
        z.object({ outcome: z.literal('none'), reason: z.string() }),
      ]),
    },
    /** Keeps a lease alive; `lost` when it expired and may belong to somebody else. */
    renewLease: {
      input: z.object({ leaseId: id, ttlMs: z.int().min(1_000).max(600_000) }),
      output: z.discriminatedUnion('outcome', [
        z.object({ outcome: z.literal('renewed'), expiresAt: instant }),
        z.object({ outcome: z.literal('lost') }),
      ]),
    },
    /** Gives a lease back with what became of it. Repeats and lost leases are no-ops. */
    releaseLease: {
      input: z.object({ leaseId: id, outcome }),
      output: z.object({ released: z.boolean() }),
    },
    /** What became of shared credentials that were used without a lease. */
    reportOutcomes: {
      input: z.object({
        outcomes: z.array(z.object({ credentialId: id, outcome, at: instant })).max(1_000),
      }),
      output: z.object({ applied: z.int() }),
    },
    /** Adds or replaces a channel by name. Announces `catalog-changed`. */
    editChannel: {
      input: newChannel,
      output: z.object({ channelId: id }),
    },
    /** Adds a channel with its pool, at once. Announces `catalog-changed`. */
    createChannel: {
      input: newChannel.extend({ credentials: newCredentials }),
      output: z.discriminatedUnion('outcome', [
        z.object({ outcome: z.literal('created'), channel: catalogChannel }),
        z.object({ outcome: z.literal('name-taken') }),
      ]),
    },
    /**
     * Changes what is named and leaves the rest, also when others change the channel at the same time.
     * A base URL of another origin would send the pool's secrets to another host. So it needs
     * `credentials` unless the pool is empty, and credentials that are not among them are retired in the
     * same transaction. Without that, `credentials` are added. Announces `catalog-changed`.
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
          /** Credentials that were retired because the channel moved. */
          retired: z.int().nonnegative(),
        }),
        z.object({ outcome: z.literal('secrets-needed') }),
      ]),
    },
    /** Adds credentials to a channel's pool; a secret that the channel has already is skipped. */
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
        /** Changes nothing when its row is in another state: somebody else spoke meanwhile. */
        from: z.array(credentialState).optional(),
      }),
      output: z.object({ changed: z.boolean() }),
    },
  },
})

export type Scheduler = PortOf<typeof schedulerContract>

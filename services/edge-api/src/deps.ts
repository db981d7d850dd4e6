import type { BlobStore } from '@sluice/blobs/blob-store'
import type { Bus } from '@sluice/bus/bus'
import type { Billing } from '@sluice/contracts/billing.contract'
import type { Scheduler } from '@sluice/contracts/scheduler.contract'
import type { Egress } from '@sluice/egress/create-egress'
import type { ListStore } from '@sluice/jobs/list-store'
import type { SubmitStore } from '@sluice/jobs/submit-store'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'
import type { Sealer } from '@sluice/sealing/sealer'
import type { Metrics } from '@sluice/service-kit/metrics'
import type { PictureLinks } from '@sluice/signing/picture-link'
import type { Upstream } from '@sluice/upstreams/upstream'

import type { EdgeConfig } from './config.ts'
import type { AnswerStore } from './store/answer-store.ts'
import type { IdentityStore } from './store/identity-store.ts'
import type { KeyOwnerStore } from './store/key-owner-store.ts'
import type { KeyStore } from './store/key-store.ts'
import type { QuotaStore } from './store/quota-store.ts'
import type { RateStore } from './store/rate-store.ts'
import type { RequestLogStore } from './store/request-log-store.ts'
import type { RevisionStore } from './store/revision-store.ts'

/** Dependencies of this module. */
export interface EdgeDeps {
  config: EdgeConfig
  /** Base64: the key of the HMAC under which API keys are stored. */
  pepper: string
  clock: Clock
  random: Random
  log: Log
  metrics: Metrics
  bus: Bus
  billing: Billing
  scheduler: Scheduler
  keyStore: KeyStore
  keyOwners: KeyOwnerStore
  identityStore: IdentityStore
  rateStore: RateStore
  quotaStore: QuotaStore
  requestLogStore: RequestLogStore
  revisionStore: RevisionStore
  answerStore: AnswerStore
  /** Finds the implementation of a dialect by its name. */
  upstreamOf: (dialect: string) => Upstream | undefined
  /** HTTP client for configured upstreams and for the installation's own services. */
  dispatcher: Egress['dispatcher']
  sealer: Sealer
  /** For the image routes. */
  jobs: SubmitStore & ListStore
  blobs: BlobStore
  links: PictureLinks
  fetchGuarded: Egress['fetchGuarded']
}

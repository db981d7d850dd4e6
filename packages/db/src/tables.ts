import type { BillingTables } from './tables/billing.ts'
import type { EdgeTables } from './tables/edge.ts'
import type { ImagesTables } from './tables/images.ts'
import type { OutboxTables } from './tables/outbox.ts'
import type { RevisionsTables } from './tables/revisions.ts'
import type { SchedulerTables } from './tables/scheduler.ts'
import type { SecretsTables } from './tables/secrets.ts'

/** All tables. A store's type takes the tables that its service owns. */
export interface Tables
  extends
    BillingTables,
    EdgeTables,
    ImagesTables,
    OutboxTables,
    RevisionsTables,
    SchedulerTables,
    SecretsTables {}

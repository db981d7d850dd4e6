import type { Migration } from 'kysely/migration'

import * as ledger from './20261121_0900_ledger.ts'
import * as edge from './20261121_0910_edge.ts'
import * as jobs from './20261121_0920_jobs.ts'
import * as scheduler from './20261121_0930_scheduler.ts'
import * as outbox from './20261121_0940_outbox.ts'

/** Every migration by its name, oldest first. Up only and additive: old code runs on the new schema. */
export const migrations: Record<string, Migration> = {
  '20261121_0900_ledger': ledger,
  '20261121_0910_edge': edge,
  '20261121_0920_jobs': jobs,
  '20261121_0930_scheduler': scheduler,
  '20261121_0940_outbox': outbox,
}

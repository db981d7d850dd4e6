import type { Migration } from 'kysely/migration'

import { up as ledger } from './20261121_0900_ledger.ts'
import { up as edge } from './20261121_0910_edge.ts'
import { up as jobs } from './20261121_0920_jobs.ts'
import { up as scheduler } from './20261121_0930_scheduler.ts'
import { up as outbox } from './20261121_0940_outbox.ts'
import { up as identity } from './20261121_1000_identity.ts'
import { up as apiKeyLimits } from './20261121_1010_api_key_limits.ts'
import { up as usageReading } from './20261121_1020_usage_reading.ts'
import { up as imageJobLists } from './20261121_1030_image_job_lists.ts'
import { up as imageFailures } from './20261121_1040_image_failures.ts'
import { up as jobNeedsOpenHold } from './20261130_2140_job_needs_open_hold.ts'
import { up as secretChecks } from './20261130_2220_secret_checks.ts'
import { up as revisions } from './20261201_0100_revisions.ts'
import { up as pictureStates } from './20261201_1240_picture_states.ts'

/** Every migration by its name, oldest first. Up only and additive: old code runs on the new schema. */
export const migrations: Record<string, Migration> = {
  '20261121_0900_ledger': { up: ledger },
  '20261121_0910_edge': { up: edge },
  '20261121_0920_jobs': { up: jobs },
  '20261121_0930_scheduler': { up: scheduler },
  '20261121_0940_outbox': { up: outbox },
  '20261121_1000_identity': { up: identity },
  '20261121_1010_api_key_limits': { up: apiKeyLimits },
  '20261121_1020_usage_reading': { up: usageReading },
  '20261121_1030_image_job_lists': { up: imageJobLists },
  '20261121_1040_image_failures': { up: imageFailures },
  '20261130_2140_job_needs_open_hold': { up: jobNeedsOpenHold },
  '20261130_2220_secret_checks': { up: secretChecks },
  '20261201_0100_revisions': { up: revisions },
  '20261201_1240_picture_states': { up: pictureStates },
}

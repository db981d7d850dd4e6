import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/**
 * Renames two states and two counts of a job's pictures, and one value of a channel setting. The pictures are
 * JSON text; a value that a caller wrote cannot match, because its quotation marks are escaped there. Older code
 * cannot run beside it: nothing was released before it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    update image_jobs set parts =
      replace(replace(replace(replace(parts::text,
        '"state":"drawing"', '"state":"generating"'),
        '"state":"kept"', '"state":"stored"'),
        '"draws":', '"generations":'),
        '"possibleLosses":', '"unconfirmedCharges":')::json
    where parts::text ~ '"(drawing|kept|draws|possibleLosses)"'`.execute(db)
  await sql`
    update channels set settings = settings || '{"usageInStreams": "request"}'
    where settings ->> 'usageInStreams' = 'ask'`.execute(db)
}

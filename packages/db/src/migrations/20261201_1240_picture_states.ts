import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/**
 * The pictures of a job have other names for two states and two counts. They lie as JSON text; a value that
 * a caller wrote cannot match, because its quotation marks are escaped there.
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
}

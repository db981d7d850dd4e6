import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** compatible: a job cannot be written once its hold has ended. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // The lock makes the two orders the only ones: whoever ends a hold locks its row and then looks for the
  // job, so it sees this one; or this statement waits for it, and then sees that the hold has ended.
  await sql`
    create function job_needs_open_hold() returns trigger language plpgsql as $$
    declare
      hold_state text;
    begin
      select state into hold_state from holds
      where purpose = 'job' and ref = new.id
      for share;
      -- A repeat of a job that is there is for the primary key to judge.
      if hold_state <> 'open' and not exists (select from image_jobs where id = new.id) then
        raise exception 'the hold of job % is %', new.id, hold_state
          using errcode = 'restrict_violation', constraint = 'job_needs_open_hold';
      end if;
      return new;
    end $$`.execute(db)
  await sql`
    create trigger job_needs_open_hold before insert on image_jobs
    for each row execute function job_needs_open_hold()`.execute(db)
}

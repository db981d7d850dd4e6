import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** compatible: tables of image jobs. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // json, not jsonb: what callers and upstreams write may hold NUL and lone surrogates, which jsonb
  // refuses; and nothing inside is searched.
  await sql`
    create table image_jobs (
      id text primary key,
      wallet text not null,
      api_key_id text not null,
      model text not null,
      body_hash text not null,
      request json not null,
      state text not null check (state in ('queued', 'claimed', 'done', 'failed', 'cancelled')),
      parts json not null,
      waiting int not null check (waiting >= 0),
      failure json,
      version int not null check (version > 0),
      fence int not null check (fence >= 0),
      attempts int not null check (attempts >= 0),
      lost_claims int not null check (lost_claims >= 0),
      last_seq int not null check (last_seq > 0),
      runner text,
      heartbeat_at timestamptz,
      created_at timestamptz not null,
      queued_at timestamptz not null,
      deadline_at timestamptz not null,
      started_at timestamptz,
      ended_at timestamptz,
      sweep_at timestamptz,
      constraint image_jobs_claim
        check ((state = 'claimed') = (runner is not null) and (runner is null) = (heartbeat_at is null)),
      constraint image_jobs_end
        check ((state in ('done', 'failed', 'cancelled')) = (ended_at is not null))
    )`.execute(db)
  // A job is written three times; room on the page keeps the later versions beside the first.
  await sql`alter table image_jobs set (fillfactor = 70)`.execute(db)
  await sql`
    create index image_jobs_queued_by_wallet on image_jobs (wallet, created_at, id)
    where state = 'queued'`.execute(db)
  await sql`
    create index image_jobs_queued_by_model on image_jobs (model, created_at, id)
    where state = 'queued'`.execute(db)
  await sql`
    create index image_jobs_claimed on image_jobs (id) where state = 'claimed'`.execute(db)
  await sql`
    create index image_jobs_deadline on image_jobs (deadline_at)
    where state in ('queued', 'claimed')`.execute(db)
  await sql`
    create index image_jobs_sweep on image_jobs (sweep_at) where sweep_at is not null`.execute(db)
  await sql`
    create table image_job_events (
      job_id text not null,
      seq int not null check (seq > 0),
      at timestamptz not null,
      fact json not null,
      primary key (job_id, seq)
    )`.execute(db)
}

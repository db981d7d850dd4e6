import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** compatible: tables of the ledger, and the price book of a fresh house. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createAccounts(db)
  await createPrices(db)
  await createHolds(db)
  await createTransfers(db)
  await createUsageRecords(db)
  await createSeals(db)
  await refuseChanges(db)
  await insertDefaultPrices(db)
}

// A wallet's accounts belong to it alone, those of revenue and grants too: every wallet's book adds
// up to zero by itself, and no account is so hot that all payments queue for it.
async function createAccounts(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table ledger_accounts (
      id text primary key,
      kind text not null,
      owner text not null,
      balance_micro bigint not null default 0,
      created_at timestamptz(3) not null,
      constraint ledger_accounts_one_of_a_kind check (id = kind || ':' || owner),
      constraint ledger_accounts_floor check (
        case kind
          when 'available' then balance_micro >= 0
          when 'held' then balance_micro >= 0
          when 'revenue' then balance_micro >= 0
          when 'receivable' then balance_micro <= 0
          when 'promo' then balance_micro <= 0
          when 'clearing' then true
          else false
        end
      )
    ) with (fillfactor = 70)`.execute(db)
}

async function createPrices(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table prices (
      id text primary key,
      model text not null,
      kind text not null,
      effective_at timestamptz(3) not null,
      price jsonb not null,
      created_at timestamptz(3) not null,
      constraint prices_kind check (kind in ('images', 'tokens') and price ->> 'kind' = kind)
    )`.execute(db)
}

async function createHolds(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table holds (
      id text primary key,
      wallet text not null,
      purpose text not null,
      ref text not null,
      edge text,
      model text,
      price_id text references prices (id),
      amount_micro bigint not null,
      captured_micro bigint not null default 0,
      released_micro bigint not null default 0,
      late_micro bigint not null default 0,
      receivable_micro bigint not null default 0,
      loss_micro bigint not null default 0,
      refunded_micro bigint not null default 0,
      state text not null default 'open',
      usage jsonb,
      usage_source text,
      api_key_id text,
      expires_at timestamptz(3) not null,
      opened_at timestamptz(3) not null,
      ended_at timestamptz(3),
      settled_at timestamptz(3),
      constraint holds_one_a_ref unique (purpose, ref),
      constraint holds_purpose check (
        (purpose = 'job' and price_id is not null and model is not null and edge is null)
        or (purpose = 'allowance' and edge is not null and id = ref)
      ),
      constraint holds_state check (state in ('open', 'captured', 'voided', 'expired')),
      constraint holds_not_negative check (
        least(amount_micro, captured_micro, released_micro, late_micro, receivable_micro,
          loss_micro, refunded_micro) >= 0
      ),
      constraint holds_within_amount check (captured_micro + released_micro <= amount_micro),
      constraint holds_open_keeps_all check (state <> 'open' or released_micro = 0),
      constraint holds_ended_gives_all_back check (
        state = 'open' or captured_micro + released_micro = amount_micro
      ),
      constraint holds_ended_at check ((state = 'open') = (ended_at is null)),
      constraint holds_job_within_amount check (
        purpose <> 'job' or captured_micro + late_micro + receivable_micro <= amount_micro
      ),
      constraint holds_refund_within_paid check (refunded_micro <= captured_micro + late_micro)
    ) with (fillfactor = 80)`.execute(db)
  await sql`create index holds_open on holds (purpose, expires_at, id) where state = 'open'`.execute(
    db,
  )
}

async function createTransfers(db: Kysely<unknown>): Promise<void> {
  await sql`create sequence ledger_transfer_seq as bigint`.execute(db)
  // The transaction id comes before the number, so that every number that was ever given belongs to
  // a transaction that a snapshot knows: sealing waits for those, and only then calls a range final.
  await sql`
    create function ledger_next_seq() returns bigint language plpgsql as $$
    begin
      perform pg_current_xact_id();
      return nextval('ledger_transfer_seq');
    end $$`.execute(db)
  await sql`
    create table ledger_transfers (
      id text primary key,
      seq bigint not null default ledger_next_seq(),
      wallet text not null,
      kind text not null,
      debit_account text not null references ledger_accounts (id),
      credit_account text not null references ledger_accounts (id),
      amount_micro bigint not null,
      hold_id text references holds (id),
      ref_type text,
      ref_id text,
      memo text,
      created_at timestamptz(3) not null,
      constraint ledger_transfers_seq unique (seq),
      constraint ledger_transfers_seq_from_one check (seq >= 1),
      constraint ledger_transfers_amount check (amount_micro > 0),
      constraint ledger_transfers_route check (
        (kind, debit_account, credit_account) in (
          ('grant', 'promo:' || wallet, 'available:' || wallet),
          ('purchase', 'clearing:' || wallet, 'available:' || wallet),
          ('hold', 'available:' || wallet, 'held:' || wallet),
          ('capture', 'held:' || wallet, 'revenue:' || wallet),
          ('capture', 'available:' || wallet, 'revenue:' || wallet),
          ('release', 'held:' || wallet, 'available:' || wallet),
          ('receivable', 'receivable:' || wallet, 'revenue:' || wallet),
          ('refund', 'revenue:' || wallet, 'available:' || wallet),
          ('adjust', 'clearing:' || wallet, 'available:' || wallet),
          ('adjust', 'available:' || wallet, 'clearing:' || wallet)
        )
      )
    )`.execute(db)
  await sql`create index ledger_transfers_statement on ledger_transfers (wallet, seq)`.execute(db)
  // What can happen to a job only once; refunds may be many.
  await sql`
    create unique index ledger_transfers_once_a_job on ledger_transfers (ref_id, kind)
    where ref_type = 'job' and kind in ('hold', 'capture', 'release', 'receivable')`.execute(db)
}

async function createUsageRecords(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table usage_records (
      request_id text primary key,
      hold_id text not null references holds (id),
      posting_id text not null,
      wallet text not null,
      api_key_id text not null,
      model text not null,
      price_id text not null references prices (id),
      usage jsonb not null,
      usage_source text not null,
      reserved_micro bigint not null,
      amount_micro bigint not null,
      loss_micro bigint not null,
      end_state text not null,
      ended_at timestamptz(3) not null,
      recorded_at timestamptz(3) not null,
      constraint usage_records_within_reservation check (
        amount_micro >= 0 and loss_micro >= 0 and amount_micro <= reserved_micro
      )
    )`.execute(db)
  await sql`
    create table refused_usage (
      request_id text primary key,
      reason text not null,
      record jsonb not null,
      refused_at timestamptz(3) not null
    )`.execute(db)
}

async function createSeals(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table ledger_seals (
      number bigint primary key,
      from_seq bigint not null,
      to_seq bigint not null,
      seqs bigint[] not null,
      leaves bytea not null,
      root bytea not null,
      previous bytea not null,
      hash bytea not null,
      sealed_at timestamptz(3) not null,
      -- Two seals can neither follow the same one nor begin at the same number: one chain.
      constraint ledger_seals_no_fork unique (previous),
      constraint ledger_seals_from unique (from_seq),
      constraint ledger_seals_range check (from_seq <= to_seq and number >= 1),
      constraint ledger_seals_leaves check (octet_length(leaves) = 32 * cardinality(seqs))
    )`.execute(db)
}

async function refuseChanges(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
    end $$`.execute(db)
  for (const table of ['ledger_transfers', 'ledger_seals', 'usage_records', 'prices']) {
    await sql`
      create trigger append_only before update or delete or truncate on ${sql.table(table)}
      for each statement execute function refuse_change()`.execute(db)
  }
  await sql`
    create trigger never_deleted before delete or truncate on holds
    for each statement execute function refuse_change()`.execute(db)
  await sql`
    create trigger never_deleted before delete or truncate on ledger_accounts
    for each statement execute function refuse_change()`.execute(db)
}

// A credit is about a US cent, and prices are near those of GPT image and chat models in 2026. An
// operator adds rows with the date from which they hold; these stay as what was charged before.
async function insertDefaultPrices(db: Kysely<unknown>): Promise<void> {
  const since = '2026-01-01T00:00:00.000Z'
  const tenthsOfCredit = {
    low: [10, 15, 30, 60],
    medium: [40, 60, 120, 240],
    high: [160, 240, 480, 960],
    xhigh: [240, 360, 720, 1_440],
    max: [320, 480, 960, 1_920],
  }
  // 1024x1024, 1536x1024, 2560x1440, 3840x2160.
  const pixelsMax = [1_048_576, 1_572_864, 3_686_400, 8_294_400]
  const steps = Object.entries(tenthsOfCredit).flatMap(([quality, tenths]) =>
    tenths.map((price, index) => ({
      quality,
      pixelsMax: pixelsMax[index],
      microPerImage: String(price * 100_000),
    })),
  )
  const images = { kind: 'images', steps }
  const tokens = {
    kind: 'tokens',
    inputMicroPerMillion: '125000000',
    cachedInputMicroPerMillion: '12500000',
    outputMicroPerMillion: '1000000000',
  }
  for (const [index, price] of [images, tokens].entries()) {
    const id = `price_${String(index + 1).padStart(32, '0')}`
    await sql`
      insert into prices (id, model, kind, effective_at, price, created_at)
      values (${id}, '*', ${price.kind}, ${since}, ${JSON.stringify(price)}, ${since})`.execute(db)
  }
}

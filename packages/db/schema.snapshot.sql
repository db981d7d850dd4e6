-- after migration 20261201_1240_picture_states; written by `pnpm db:snapshot`

create sequence ledger_transfer_seq as bigint start 1 increment 1;

create sequence outbox_revision as bigint start 1 increment 1;

create table api_key_days (
  api_key_id text not null,
  day date not null,
  reserved_micro bigint not null,
  spent_micro bigint not null
);

create table api_key_reservations (
  ref text not null,
  api_key_id text not null,
  day date not null,
  amount_micro bigint not null,
  opened_at timestamp(3) with time zone not null,
  settled_at timestamp(3) with time zone,
  spent_micro bigint
);

create table api_keys (
  id text not null,
  user_id text not null,
  wallet text not null,
  key_hash text not null,
  prefix text not null,
  name text not null,
  rpm_limit integer,
  models text[],
  expires_at timestamp(3) with time zone,
  revoked_at timestamp(3) with time zone,
  created_at timestamp(3) with time zone not null,
  kind text not null default 'caller'::text,
  daily_quota_micro bigint,
  networks cidr[],
  last_used_at timestamp(3) with time zone,
  revision bigint not null default 0
);

create table catalog_version (
  only_row boolean not null default true,
  version integer not null
);

create table channel_models (
  channel_id text not null,
  model text not null,
  upstream_model text not null,
  kinds text[] not null,
  output_tokens_max integer
);

create table channels (
  id text not null,
  name text not null,
  dialect text not null,
  base_url text not null,
  priority integer not null,
  weight integer not null,
  enabled boolean not null,
  settings jsonb not null,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null
);

create table credentials (
  id text not null,
  channel_id text not null,
  secret jsonb not null,
  fingerprint text not null,
  concurrency_max integer not null,
  state text not null,
  state_reason text,
  epoch integer not null default 1,
  cooling_until timestamp with time zone,
  created_at timestamp with time zone not null,
  state_changed_at timestamp with time zone not null
);

create table holds (
  id text not null,
  wallet text not null,
  purpose text not null,
  ref text not null,
  edge text,
  model text,
  price_id text,
  amount_micro bigint not null,
  captured_micro bigint not null default 0,
  released_micro bigint not null default 0,
  late_micro bigint not null default 0,
  receivable_micro bigint not null default 0,
  loss_micro bigint not null default 0,
  refunded_micro bigint not null default 0,
  state text not null default 'open'::text,
  usage jsonb,
  usage_source text,
  api_key_id text,
  expires_at timestamp(3) with time zone not null,
  opened_at timestamp(3) with time zone not null,
  ended_at timestamp(3) with time zone,
  settled_at timestamp(3) with time zone
) with (fillfactor=80);

create table idempotency_answers (
  api_key_id text not null,
  route text not null,
  key text not null,
  body_hash text not null,
  state text not null,
  holder text not null,
  lease_until timestamp(3) with time zone not null,
  status integer,
  content_type text,
  request_id text,
  body bytea,
  expires_at timestamp(3) with time zone not null,
  created_at timestamp(3) with time zone not null default now()
);

create table image_job_events (
  job_id text not null,
  seq integer not null,
  at timestamp with time zone not null,
  fact json not null
);

create table image_jobs (
  id text not null,
  wallet text not null,
  api_key_id text not null,
  model text not null,
  body_hash text not null,
  request json not null,
  state text not null,
  parts json not null,
  waiting integer not null,
  failure json,
  version integer not null,
  fence integer not null,
  attempts integer not null,
  lost_claims integer not null,
  last_seq integer not null,
  runner text,
  heartbeat_at timestamp with time zone,
  created_at timestamp with time zone not null,
  queued_at timestamp with time zone not null,
  deadline_at timestamp with time zone not null,
  started_at timestamp with time zone,
  ended_at timestamp with time zone,
  sweep_at timestamp with time zone,
  prompt_search text
) with (fillfactor=70);

create table ledger_accounts (
  id text not null,
  kind text not null,
  owner text not null,
  balance_micro bigint not null default 0,
  created_at timestamp(3) with time zone not null
) with (fillfactor=70);

create table ledger_seals (
  number bigint not null,
  from_seq bigint not null,
  to_seq bigint not null,
  seqs bigint[] not null,
  leaves bytea not null,
  root bytea not null,
  previous bytea not null,
  hash bytea not null,
  sealed_at timestamp(3) with time zone not null
);

create table ledger_transfers (
  id text not null,
  seq bigint not null default ledger_next_seq(),
  wallet text not null,
  kind text not null,
  debit_account text not null,
  credit_account text not null,
  amount_micro bigint not null,
  hold_id text,
  ref_type text,
  ref_id text,
  memo text,
  created_at timestamp(3) with time zone not null
);

create table outbox (
  topic text not null,
  key text not null,
  payload jsonb not null,
  revision bigint not null default nextval('outbox_revision'::regclass),
  attempts integer not null default 0,
  due_at timestamp with time zone not null,
  created_at timestamp with time zone not null default now()
) with (fillfactor=70);

create table prices (
  id text not null,
  model text not null,
  kind text not null,
  effective_at timestamp(3) with time zone not null,
  price jsonb not null,
  created_at timestamp(3) with time zone not null
);

create table refused_usage (
  request_id text not null,
  reason text not null,
  record jsonb not null,
  refused_at timestamp(3) with time zone not null
);

create table request_log (
  request_id text not null,
  received_at timestamp(3) with time zone not null,
  api_key_id text,
  wallet text,
  route text not null,
  model text,
  channel_id text,
  credential_id text,
  status integer not null,
  error_code text,
  streamed boolean not null,
  attempts integer not null,
  input_tokens integer,
  output_tokens integer,
  amount_micro bigint not null,
  first_byte_ms integer,
  duration_ms integer not null,
  task_id text
) partition by RANGE (received_at);

create table request_log_default (
  request_id text not null,
  received_at timestamp(3) with time zone not null,
  api_key_id text,
  wallet text,
  route text not null,
  model text,
  channel_id text,
  credential_id text,
  status integer not null,
  error_code text,
  streamed boolean not null,
  attempts integer not null,
  input_tokens integer,
  output_tokens integer,
  amount_micro bigint not null,
  first_byte_ms integer,
  duration_ms integer not null,
  task_id text
) -- the default partition;

create table revisions (
  name text not null,
  revision bigint not null
);

create table secret_checks (
  setting text not null,
  key_id text not null,
  digest text not null,
  created_at timestamp with time zone not null default now()
);

create table sessions (
  id text not null,
  user_id text not null,
  created_at timestamp(3) with time zone not null,
  seen_at timestamp(3) with time zone not null,
  expires_at timestamp(3) with time zone not null,
  generation integer not null,
  rotated_at timestamp(3) with time zone not null,
  ended_at timestamp(3) with time zone,
  end_reason text
);

create table sign_in_methods (
  kind text not null,
  subject text not null,
  user_id text not null,
  secret_hash text,
  created_at timestamp(3) with time zone not null,
  updated_at timestamp(3) with time zone not null
);

create table usage_records (
  request_id text not null,
  hold_id text not null,
  posting_id text not null,
  wallet text not null,
  api_key_id text not null,
  model text not null,
  price_id text not null,
  usage jsonb not null,
  usage_source text not null,
  reserved_micro bigint not null,
  amount_micro bigint not null,
  loss_micro bigint not null,
  end_state text not null,
  ended_at timestamp(3) with time zone not null,
  recorded_at timestamp(3) with time zone not null
);

create table users (
  id text not null,
  email text not null,
  role text not null,
  password_hash text,
  wallet text not null,
  created_at timestamp(3) with time zone not null,
  banned_at timestamp(3) with time zone,
  ban_reason text,
  banned_by text,
  last_seen_at timestamp(3) with time zone
);

alter table api_key_days add constraint api_key_days_amounts CHECK (((reserved_micro >= 0) AND (spent_micro >= 0)));

alter table api_key_days add constraint api_key_days_api_key_id_fkey FOREIGN KEY (api_key_id) REFERENCES api_keys(id);

alter table api_key_days add constraint api_key_days_pkey PRIMARY KEY (api_key_id, day);

alter table api_key_reservations add constraint api_key_reservations_amount CHECK ((amount_micro >= 0));

alter table api_key_reservations add constraint api_key_reservations_api_key_id_fkey FOREIGN KEY (api_key_id) REFERENCES api_keys(id);

alter table api_key_reservations add constraint api_key_reservations_end CHECK ((((settled_at IS NULL) = (spent_micro IS NULL)) AND ((spent_micro >= 0) AND (spent_micro <= amount_micro))));

alter table api_key_reservations add constraint api_key_reservations_pkey PRIMARY KEY (ref);

alter table api_keys add constraint api_keys_daily_quota CHECK ((daily_quota_micro > 0));

alter table api_keys add constraint api_keys_hash CHECK ((key_hash ~ '^[0-9a-f]{64}$'::text));

alter table api_keys add constraint api_keys_key_hash_key UNIQUE (key_hash);

alter table api_keys add constraint api_keys_kind CHECK ((kind = ANY (ARRAY['caller'::text, 'panel'::text])));

alter table api_keys add constraint api_keys_networks CHECK (((cardinality(networks) >= 1) AND (cardinality(networks) <= 100)));

alter table api_keys add constraint api_keys_panel CHECK (((kind = 'caller'::text) OR ((rpm_limit IS NULL) AND (models IS NULL) AND (expires_at IS NULL) AND (revoked_at IS NULL) AND (daily_quota_micro IS NULL) AND (networks IS NULL))));

alter table api_keys add constraint api_keys_pkey PRIMARY KEY (id);

alter table api_keys add constraint api_keys_rpm_limit CHECK ((rpm_limit > 0));

alter table api_keys add constraint api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

alter table catalog_version add constraint catalog_version_only_row_check CHECK (only_row);

alter table catalog_version add constraint catalog_version_pkey PRIMARY KEY (only_row);

alter table channel_models add constraint channel_models_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channels(id);

alter table channel_models add constraint channel_models_kinds_check CHECK ((cardinality(kinds) > 0));

alter table channel_models add constraint channel_models_output_tokens_max_check CHECK ((output_tokens_max > 0));

alter table channel_models add constraint channel_models_pkey PRIMARY KEY (channel_id, model);

alter table channels add constraint channels_name_key UNIQUE (name);

alter table channels add constraint channels_pkey PRIMARY KEY (id);

alter table channels add constraint channels_weight_check CHECK ((weight > 0));

alter table credentials add constraint credentials_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channels(id);

alter table credentials add constraint credentials_concurrency_max_check CHECK ((concurrency_max > 0));

alter table credentials add constraint credentials_pkey PRIMARY KEY (id);

alter table credentials add constraint credentials_state_check CHECK ((state = ANY (ARRAY['active'::text, 'paused'::text, 'attention'::text, 'retired'::text])));

alter table holds add constraint holds_ended_at CHECK (((state = 'open'::text) = (ended_at IS NULL)));

alter table holds add constraint holds_ended_gives_all_back CHECK (((state = 'open'::text) OR ((captured_micro + released_micro) = amount_micro)));

alter table holds add constraint holds_job_within_amount CHECK (((purpose <> 'job'::text) OR (((captured_micro + late_micro) + receivable_micro) <= amount_micro)));

alter table holds add constraint holds_not_negative CHECK ((LEAST(amount_micro, captured_micro, released_micro, late_micro, receivable_micro, loss_micro, refunded_micro) >= 0));

alter table holds add constraint holds_one_a_ref UNIQUE (purpose, ref);

alter table holds add constraint holds_open_keeps_all CHECK (((state <> 'open'::text) OR (released_micro = 0)));

alter table holds add constraint holds_pkey PRIMARY KEY (id);

alter table holds add constraint holds_price_id_fkey FOREIGN KEY (price_id) REFERENCES prices(id);

alter table holds add constraint holds_purpose CHECK ((((purpose = 'job'::text) AND (price_id IS NOT NULL) AND (model IS NOT NULL) AND (edge IS NULL)) OR ((purpose = 'allowance'::text) AND (edge IS NOT NULL) AND (id = ref))));

alter table holds add constraint holds_refund_within_paid CHECK ((refunded_micro <= (captured_micro + late_micro)));

alter table holds add constraint holds_state CHECK ((state = ANY (ARRAY['open'::text, 'captured'::text, 'voided'::text, 'expired'::text])));

alter table holds add constraint holds_within_amount CHECK (((captured_micro + released_micro) <= amount_micro));

alter table idempotency_answers add constraint idempotency_answers_pkey PRIMARY KEY (api_key_id, route, key);

alter table idempotency_answers add constraint idempotency_answers_state CHECK ((((state = 'running'::text) AND (status IS NULL) AND (body IS NULL)) OR ((state = 'done'::text) AND (status IS NOT NULL) AND (content_type IS NOT NULL))));

alter table image_job_events add constraint image_job_events_pkey PRIMARY KEY (job_id, seq);

alter table image_job_events add constraint image_job_events_seq_check CHECK ((seq > 0));

alter table image_jobs add constraint image_jobs_attempts_check CHECK ((attempts >= 0));

alter table image_jobs add constraint image_jobs_claim CHECK ((((state = 'claimed'::text) = (runner IS NOT NULL)) AND ((runner IS NULL) = (heartbeat_at IS NULL))));

alter table image_jobs add constraint image_jobs_end CHECK (((state = ANY (ARRAY['done'::text, 'failed'::text, 'cancelled'::text])) = (ended_at IS NOT NULL)));

alter table image_jobs add constraint image_jobs_fence_check CHECK ((fence >= 0));

alter table image_jobs add constraint image_jobs_last_seq_check CHECK ((last_seq > 0));

alter table image_jobs add constraint image_jobs_lost_claims_check CHECK ((lost_claims >= 0));

alter table image_jobs add constraint image_jobs_pkey PRIMARY KEY (id);

alter table image_jobs add constraint image_jobs_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'claimed'::text, 'done'::text, 'failed'::text, 'cancelled'::text])));

alter table image_jobs add constraint image_jobs_version_check CHECK ((version > 0));

alter table image_jobs add constraint image_jobs_waiting_check CHECK ((waiting >= 0));

alter table ledger_accounts add constraint ledger_accounts_floor CHECK (
CASE kind
    WHEN 'available'::text THEN (balance_micro >= 0)
    WHEN 'held'::text THEN (balance_micro >= 0)
    WHEN 'revenue'::text THEN (balance_micro >= 0)
    WHEN 'receivable'::text THEN (balance_micro <= 0)
    WHEN 'promo'::text THEN (balance_micro <= 0)
    WHEN 'clearing'::text THEN true
    ELSE false
END);

alter table ledger_accounts add constraint ledger_accounts_one_of_a_kind CHECK ((id = ((kind || ':'::text) || owner)));

alter table ledger_accounts add constraint ledger_accounts_pkey PRIMARY KEY (id);

alter table ledger_seals add constraint ledger_seals_from UNIQUE (from_seq);

alter table ledger_seals add constraint ledger_seals_leaves CHECK ((octet_length(leaves) = (32 * cardinality(seqs))));

alter table ledger_seals add constraint ledger_seals_no_fork UNIQUE (previous);

alter table ledger_seals add constraint ledger_seals_pkey PRIMARY KEY (number);

alter table ledger_seals add constraint ledger_seals_range CHECK (((from_seq <= to_seq) AND (number >= 1)));

alter table ledger_transfers add constraint ledger_transfers_amount CHECK ((amount_micro > 0));

alter table ledger_transfers add constraint ledger_transfers_credit_account_fkey FOREIGN KEY (credit_account) REFERENCES ledger_accounts(id);

alter table ledger_transfers add constraint ledger_transfers_debit_account_fkey FOREIGN KEY (debit_account) REFERENCES ledger_accounts(id);

alter table ledger_transfers add constraint ledger_transfers_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES holds(id);

alter table ledger_transfers add constraint ledger_transfers_pkey PRIMARY KEY (id);

alter table ledger_transfers add constraint ledger_transfers_route CHECK ((((((((((((kind = 'grant'::text) AND (debit_account = ('promo:'::text || wallet)) AND (credit_account = ('available:'::text || wallet))) OR ((kind = 'purchase'::text) AND (debit_account = ('clearing:'::text || wallet)) AND (credit_account = ('available:'::text || wallet)))) OR ((kind = 'hold'::text) AND (debit_account = ('available:'::text || wallet)) AND (credit_account = ('held:'::text || wallet)))) OR ((kind = 'capture'::text) AND (debit_account = ('held:'::text || wallet)) AND (credit_account = ('revenue:'::text || wallet)))) OR ((kind = 'capture'::text) AND (debit_account = ('available:'::text || wallet)) AND (credit_account = ('revenue:'::text || wallet)))) OR ((kind = 'release'::text) AND (debit_account = ('held:'::text || wallet)) AND (credit_account = ('available:'::text || wallet)))) OR ((kind = 'receivable'::text) AND (debit_account = ('receivable:'::text || wallet)) AND (credit_account = ('revenue:'::text || wallet)))) OR ((kind = 'refund'::text) AND (debit_account = ('revenue:'::text || wallet)) AND (credit_account = ('available:'::text || wallet)))) OR ((kind = 'adjust'::text) AND (debit_account = ('clearing:'::text || wallet)) AND (credit_account = ('available:'::text || wallet)))) OR ((kind = 'adjust'::text) AND (debit_account = ('available:'::text || wallet)) AND (credit_account = ('clearing:'::text || wallet)))));

alter table ledger_transfers add constraint ledger_transfers_seq UNIQUE (seq);

alter table ledger_transfers add constraint ledger_transfers_seq_from_one CHECK ((seq >= 1));

alter table outbox add constraint outbox_pkey PRIMARY KEY (topic, key);

alter table prices add constraint prices_kind CHECK (((kind = ANY (ARRAY['images'::text, 'tokens'::text])) AND ((price ->> 'kind'::text) = kind)));

alter table prices add constraint prices_pkey PRIMARY KEY (id);

alter table refused_usage add constraint refused_usage_pkey PRIMARY KEY (request_id);

alter table request_log add constraint request_log_pkey PRIMARY KEY (received_at, request_id);

alter table revisions add constraint revisions_pkey PRIMARY KEY (name);

alter table secret_checks add constraint secret_checks_pkey PRIMARY KEY (setting, key_id);

alter table sessions add constraint sessions_end CHECK (((ended_at IS NULL) = (end_reason IS NULL)));

alter table sessions add constraint sessions_pkey PRIMARY KEY (id);

alter table sessions add constraint sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

alter table sign_in_methods add constraint sign_in_methods_password CHECK (((kind <> 'password'::text) OR ((subject = user_id) AND (secret_hash IS NOT NULL))));

alter table sign_in_methods add constraint sign_in_methods_pkey PRIMARY KEY (kind, subject);

alter table sign_in_methods add constraint sign_in_methods_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

alter table usage_records add constraint usage_records_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES holds(id);

alter table usage_records add constraint usage_records_pkey PRIMARY KEY (request_id);

alter table usage_records add constraint usage_records_price_id_fkey FOREIGN KEY (price_id) REFERENCES prices(id);

alter table usage_records add constraint usage_records_within_reservation CHECK (((amount_micro >= 0) AND (loss_micro >= 0) AND (amount_micro <= reserved_micro)));

alter table users add constraint users_ban CHECK (((banned_at IS NULL) = (ban_reason IS NULL)));

alter table users add constraint users_email_key UNIQUE (email);

alter table users add constraint users_email_lower CHECK ((email = lower(email)));

alter table users add constraint users_pkey PRIMARY KEY (id);

alter table users add constraint users_role CHECK ((role = ANY (ARRAY['admin'::text, 'user'::text])));

alter table users add constraint users_wallet_key UNIQUE (wallet);

CREATE INDEX api_key_days_by_day ON public.api_key_days USING btree (day);

CREATE INDEX api_key_reservations_open ON public.api_key_reservations USING btree (ref) WHERE (settled_at IS NULL);

CREATE INDEX api_key_reservations_settled ON public.api_key_reservations USING btree (settled_at) WHERE (settled_at IS NOT NULL);

CREATE INDEX api_keys_by_revision ON public.api_keys USING btree (revision);

CREATE INDEX api_keys_list ON public.api_keys USING btree (user_id, id) WHERE (kind = 'caller'::text);

CREATE INDEX api_keys_of_user ON public.api_keys USING btree (user_id);

CREATE UNIQUE INDEX api_keys_one_panel_key ON public.api_keys USING btree (user_id) WHERE (kind = 'panel'::text);

CREATE UNIQUE INDEX credentials_once ON public.credentials USING btree (channel_id, fingerprint) WHERE (state <> 'retired'::text);

CREATE INDEX holds_of_wallet ON public.holds USING btree (wallet, opened_at, ref) WHERE (purpose = 'job'::text);

CREATE INDEX holds_open ON public.holds USING btree (purpose, expires_at, id) WHERE (state = 'open'::text);

CREATE INDEX idempotency_answers_expiry ON public.idempotency_answers USING btree (expires_at);

CREATE INDEX idempotency_answers_running ON public.idempotency_answers USING btree (holder) WHERE (state = 'running'::text);

CREATE INDEX image_jobs_by_age ON public.image_jobs USING btree (created_at, id);

CREATE INDEX image_jobs_claimed ON public.image_jobs USING btree (id) WHERE (state = 'claimed'::text);

CREATE INDEX image_jobs_deadline ON public.image_jobs USING btree (deadline_at) WHERE (state = ANY (ARRAY['queued'::text, 'claimed'::text]));

CREATE INDEX image_jobs_ended ON public.image_jobs USING btree (ended_at, state) WHERE (ended_at IS NOT NULL);

CREATE INDEX image_jobs_failed ON public.image_jobs USING btree (wallet, created_at) WHERE (state = 'failed'::text);

CREATE INDEX image_jobs_of_wallet ON public.image_jobs USING btree (wallet, created_at, id);

CREATE INDEX image_jobs_queued_by_model ON public.image_jobs USING btree (model, created_at, id) WHERE (state = 'queued'::text);

CREATE INDEX image_jobs_queued_by_wallet ON public.image_jobs USING btree (wallet, created_at, id) WHERE (state = 'queued'::text);

CREATE INDEX image_jobs_sweep ON public.image_jobs USING btree (sweep_at) WHERE (sweep_at IS NOT NULL);

CREATE INDEX ledger_transfers_refunds ON public.ledger_transfers USING btree (hold_id) WHERE (kind = 'refund'::text);

CREATE INDEX ledger_transfers_statement ON public.ledger_transfers USING btree (wallet, seq);

CREATE UNIQUE INDEX ledger_transfers_once_a_job ON public.ledger_transfers USING btree (ref_id, kind) WHERE ((ref_type = 'job'::text) AND (kind = ANY (ARRAY['hold'::text, 'capture'::text, 'release'::text, 'receivable'::text])));

CREATE INDEX outbox_due ON public.outbox USING btree (due_at);

CREATE INDEX request_log_of_wallet ON ONLY public.request_log USING btree (wallet, received_at);

CREATE INDEX sessions_by_expiry ON public.sessions USING btree (expires_at);

CREATE INDEX sessions_open ON public.sessions USING btree (user_id) WHERE (ended_at IS NULL);

CREATE INDEX sign_in_methods_of_user ON public.sign_in_methods USING btree (user_id);

CREATE INDEX usage_records_of_wallet ON public.usage_records USING btree (wallet, ended_at, request_id);

CREATE OR REPLACE FUNCTION public.job_needs_open_hold()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
    end $function$;

CREATE OR REPLACE FUNCTION public.ledger_next_seq()
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
    begin
      perform pg_current_xact_id();
      return nextval('ledger_transfer_seq');
    end $function$;

CREATE OR REPLACE FUNCTION public.next_revision(of_name text)
 RETURNS bigint
 LANGUAGE sql
AS $function$
      update revisions set revision = revision + 1 where name = of_name returning revision
    $function$;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
    end $function$;

CREATE OR REPLACE FUNCTION public.revise_api_key()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if tg_op = 'DELETE' then
        perform next_revision('api-keys');
        return null;
      end if;
      new.revision := next_revision('api-keys');
      return new;
    end $function$;

CREATE OR REPLACE FUNCTION public.revise_catalog()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      update revisions set revision = new.version where name = 'catalog';
      return null;
    end $function$;

CREATE OR REPLACE FUNCTION public.revise_keys_of_user()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    declare
      next bigint;
    begin
      perform from api_keys where user_id = new.id order by id for no key update;
      if not found then
        return null;
      end if;
      next := next_revision('api-keys');
      update api_keys set revision = next where user_id = new.id;
      return null;
    end $function$;

CREATE OR REPLACE FUNCTION public.revise_prices()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      perform next_revision('prices');
      return null;
    end $function$;

CREATE TRIGGER revise_api_key BEFORE UPDATE ON public.api_keys FOR EACH ROW WHEN ((((((((old.wallet IS DISTINCT FROM new.wallet) OR (old.rpm_limit IS DISTINCT FROM new.rpm_limit)) OR (old.models IS DISTINCT FROM new.models)) OR (old.expires_at IS DISTINCT FROM new.expires_at)) OR (old.revoked_at IS DISTINCT FROM new.revoked_at)) OR (old.daily_quota_micro IS DISTINCT FROM new.daily_quota_micro)) OR (old.networks IS DISTINCT FROM new.networks))) EXECUTE FUNCTION revise_api_key();

CREATE TRIGGER revise_deleted_api_keys AFTER DELETE ON public.api_keys FOR EACH STATEMENT EXECUTE FUNCTION revise_api_key();

CREATE TRIGGER revise_catalog AFTER UPDATE ON public.catalog_version FOR EACH ROW EXECUTE FUNCTION revise_catalog();

CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON public.holds FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER job_needs_open_hold BEFORE INSERT ON public.image_jobs FOR EACH ROW EXECUTE FUNCTION job_needs_open_hold();

CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON public.ledger_accounts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_seals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_transfers FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.prices FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER revise_prices AFTER INSERT OR DELETE OR UPDATE ON public.prices FOR EACH STATEMENT EXECUTE FUNCTION revise_prices();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.usage_records FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER revise_keys_of_user AFTER UPDATE ON public.users FOR EACH ROW WHEN (((old.banned_at IS NULL) <> (new.banned_at IS NULL))) EXECUTE FUNCTION revise_keys_of_user();

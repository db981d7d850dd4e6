import { allowedOriginsSetting } from '@sluice/service-kit/http/cors-setting'
import { intakeEnvironment } from '@sluice/edge-api/module'
import { hostListSetting } from '@sluice/service-kit/read-config'
import { z } from 'zod'

const optionalUrl = z.url({ protocol: /^https?$/ }).optional()

/** What embedded mode reads from the environment; services get their own settings from `wire-embedded.ts`. */
export const standaloneConfig = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  HOST: z.string().default('127.0.0.1'),
  SLUICE_DATA_DIR: z.string().default('./data'),
  /** An existing PostgreSQL (>= 15) in place of the embedded one. */
  DATABASE_URL: z.string().optional(),
  /** What callers see in picture links; default: the host that each caller used. */
  PUBLIC_BASE_URL: optionalUrl,
  /** How many proxies of ours stand in front and append to X-Forwarded-For. */
  TRUSTED_PROXY_HOPS: z.coerce.number().int().min(0).max(10).default(0),
  ...intakeEnvironment,
  CONNECTIONS_MAX: z.coerce.number().int().min(10).max(1_000_000).default(10_000),
  /** Of one address; nine tenths of all, or all behind proxies, unless set. */
  CONNECTIONS_PER_ADDRESS_MAX: z.coerce.number().int().min(1).max(1_000_000).optional(),
  ADMIN_EMAIL: z.email().default('admin@localhost.localdomain'),
  ADMIN_PASSWORD: z
    .string()
    .min(12, 'must have at least 12 characters')
    .max(200, 'must have at most 200 characters')
    .optional(),
  SLUICE_FIRST_API_KEY: z.string().min(20).max(200).optional(),
  /** Whole credits for the first wallet. */
  SLUICE_STARTING_CREDITS: z.coerce.number().int().min(0).max(1_000_000).default(1000),
  OPENAI_API_KEY: z.string().min(1).optional(),
  OPENAI_BASE_URL: z.url({ protocol: /^https?$/ }).default('https://api.openai.com/v1'),
  /** Secrets of a distributed installation; in embedded mode the data folder makes its own. */
  SEALING_KEYS: z.string().min(1).optional(),
  API_KEY_PEPPER: z.string().min(1).optional(),
  SIGNING_KEYS: z.string().min(1).optional(),
  LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  SYNC_WAIT_MS: z.coerce.number().int().min(100).max(3_600_000).default(280_000),
  /** How an image answer carries its pictures when the caller names no `response_format`. */
  IMAGE_ANSWER: z.enum(['both', 'b64_json', 'url']).default('both'),
  /** The model of image requests that name none; else the catalog decides. */
  IMAGE_DEFAULT_MODEL: z.string().max(200).optional(),
  /** Pictures drawn at once. */
  IMAGE_CONCURRENCY_MAX: z.coerce.number().int().min(1).max(1_000).default(16),
  /** How often a drawing job gives a sign of life, and when one without is taken for lost. */
  RUNNER_HEARTBEAT_MS: z.coerce.number().int().min(100).max(60_000).default(5_000),
  RUNNER_LOST_AFTER_MS: z.coerce.number().int().min(500).max(600_000).default(20_000),
  /** One call of an upstream that draws. */
  GENERATE_TIMEOUT_MS: z.coerce.number().int().min(1_000).max(3_600_000).default(300_000),
  /** Whose pages may read answers of `/v1` and pictures: `*`, `none`, or origins behind commas. */
  ALLOWED_ORIGINS: allowedOriginsSetting,
  /** Hosts that a channel may have although they are metadata or link-local addresses. */
  METADATA_HOSTS_ALLOWED: hostListSetting.default([]),
  /** How often the version of the catalog is looked up, in case that an announcement got lost. */
  CATALOG_MAX_AGE_MS: z.coerce.number().int().min(100).max(3_600_000).default(500),
  /** Whether people may make accounts by themselves. */
  REGISTRATION: z.enum(['closed', 'open']).default('closed'),
  /** A session at the panel that is not used for so long has ended. */
  SESSION_IDLE_MS: z.coerce.number().int().min(60_000).max(34_560_000_000).default(2_592_000_000),
  /** How long past its expiry a hold waits for late reports; as billing is told. */
  HOLD_GRACE_MS: z.coerce.number().int().min(1_000).max(86_400_000).default(600_000),
  /** `/ready` says no for so long before the listener closes; nobody balances before one process. */
  SHUTDOWN_DELAY_MS: z.coerce.number().int().min(0).max(600_000).default(0),
  /** Below so many free bytes on a disk of ours `/ready` says no. */
  DISK_FREE_BYTES_MIN: z.coerce.number().int().min(0).default(67_108_864),
  DRAIN_MS: z.coerce.number().int().min(100).max(600_000).default(30_000),
  /** `name:n`, for the crash campaign; refused in production. */
  CRASH_AT: z.string().optional(),
  NODE_ENV: z.string().default('development'),
})
export type StandaloneConfig = z.output<typeof standaloneConfig>

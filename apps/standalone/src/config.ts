import {
  PASSWORD_CHARACTERS_MAX,
  PASSWORD_CHARACTERS_MIN,
} from '@sluice/contracts/control/password-length'
import { allowedOriginsSetting } from '@sluice/service-kit/http/cors-setting'
import { intakeEnvironment } from '@sluice/edge-api/module'
import { hostListSetting } from '@sluice/service-kit/read-config'
import { serviceEnvironment } from '@sluice/service-kit/service-environment'
import { z } from 'zod'

const optionalUrl = z.url({ protocol: /^https?$/ }).optional()

/** The environment of embedded mode; `wire-embedded.ts` passes each service its own settings. */
export const standaloneConfig = z.object({
  ...serviceEnvironment({ port: 8080, host: '127.0.0.1', drainMs: 30_000 }),
  SLUICE_DATA_DIR: z.string().default('./data'),
  /** An existing PostgreSQL (>= 15) instead of the embedded one. */
  DATABASE_URL: z.string().optional(),
  /** The origin of picture links; default: the host that each caller used. */
  PUBLIC_BASE_URL: optionalUrl,
  /** The number of trusted proxies in front that append to X-Forwarded-For. */
  TRUSTED_PROXY_HOPS: z.coerce.number().int().min(0).max(10).default(0),
  ...intakeEnvironment,
  CONNECTIONS_MAX: z.coerce.number().int().min(10).max(1_000_000).default(10_000),
  /** Per address; default: nine tenths of all, or all behind proxies. */
  CONNECTIONS_PER_ADDRESS_MAX: z.coerce.number().int().min(1).max(1_000_000).optional(),
  ADMIN_EMAIL: z.email().default('admin@localhost.localdomain'),
  ADMIN_PASSWORD: z
    .string()
    .min(PASSWORD_CHARACTERS_MIN, `must have at least ${PASSWORD_CHARACTERS_MIN} characters`)
    .max(PASSWORD_CHARACTERS_MAX, `must have at most ${PASSWORD_CHARACTERS_MAX} characters`)
    .optional(),
  SLUICE_FIRST_API_KEY: z.string().min(20).max(200).optional(),
  /** Whole credits for the first wallet. */
  SLUICE_STARTING_CREDITS: z.coerce.number().int().min(0).max(1_000_000).default(1000),
  OPENAI_API_KEY: z.string().min(1).optional(),
  OPENAI_BASE_URL: z.url({ protocol: /^https?$/ }).default('https://api.openai.com/v1'),
  /** Secrets of a distributed installation; embedded mode generates its own in the data folder. */
  SEALING_KEYS: z.string().min(1).optional(),
  API_KEY_PEPPER: z.string().min(1).optional(),
  SIGNING_KEYS: z.string().min(1).optional(),
  SYNC_WAIT_MS: z.coerce.number().int().min(100).max(3_600_000).default(280_000),
  /** How an image answer carries its pictures when the caller names no `response_format`. */
  IMAGE_ANSWER: z.enum(['both', 'b64_json', 'url']).default('both'),
  /** The model of image requests that name none; if unset, the catalog's default. */
  IMAGE_DEFAULT_MODEL: z.string().max(200).optional(),
  /** The most pictures generated concurrently. */
  IMAGE_CONCURRENCY_MAX: z.coerce.number().int().min(1).max(1_000).default(16),
  /**
   * The heartbeat interval of a running job, and the age of a heartbeat after which the job counts as lost.
   */
  RUNNER_HEARTBEAT_MS: z.coerce.number().int().min(100).max(60_000).default(5_000),
  RUNNER_LOST_AFTER_MS: z.coerce.number().int().min(500).max(600_000).default(20_000),
  /** The timeout of one image call to an upstream. */
  GENERATE_TIMEOUT_MS: z.coerce.number().int().min(1_000).max(3_600_000).default(300_000),
  /** CORS origins for `/v1` and pictures: `*`, `none`, or a comma-separated list. */
  ALLOWED_ORIGINS: allowedOriginsSetting,
  /** Metadata or link-local hosts that a channel may use nevertheless. */
  METADATA_HOSTS_ALLOWED: hostListSetting.default([]),
  /** How often the catalog version is polled, in case an event was lost. */
  CATALOG_MAX_AGE_MS: z.coerce.number().int().min(100).max(3_600_000).default(500),
  /** Whether users may register themselves. */
  REGISTRATION: z.enum(['closed', 'open']).default('closed'),
  /** A panel session ends after this time without use. */
  SESSION_IDLE_MS: z.coerce.number().int().min(60_000).max(34_560_000_000).default(2_592_000_000),
  /** How long after its expiry a hold waits for late usage reports; also passed to billing. */
  HOLD_GRACE_MS: z.coerce.number().int().min(1_000).max(86_400_000).default(600_000),
  /** With fewer free bytes on a disk, `/ready` answers 503. */
  DISK_FREE_BYTES_MIN: z.coerce.number().int().min(0).default(67_108_864),
})
export type StandaloneConfig = z.output<typeof standaloneConfig>

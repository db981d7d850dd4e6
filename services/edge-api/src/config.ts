import type { AllowedOrigins } from '@sluice/service-kit/http/cors'
import { allowedOriginsSetting } from '@sluice/service-kit/http/cors-setting'
import { hostListSetting, integerSetting } from '@sluice/service-kit/read-config'
import type { PictureForm } from '@sluice/protocol/images/image-answer'
import { pictureForms } from '@sluice/protocol/images/image-answer'
import { z } from 'zod'

/** Settings of the module, the same in both wirings. */
export interface EdgeConfig {
  /** Cap of a JSON body; checked before it is buffered. */
  bodyBytesMax: number
  /** Request bodies that stand in memory, all together and of one API key or user. */
  bodyMemoryBytesMax: number
  bodyMemoryPerCallerBytesMax: number
  /** Pictures on disk of requests that are not jobs yet, all together and of one API key or user. */
  uploadBytesMax: number
  uploadPerCallerBytesMax: number
  /** Followers of image tasks at /v1, and image requests, of one API key at once. */
  taskStreamsPerKeyMax: number
  imageRequestsPerKeyMax: number
  /** Requests that may run at once in this process. */
  requestsInFlightMax: number
  /** The longest that an awaited answer may take; beyond it 504. No client waits 300 s in silence. */
  syncWaitMs: number
  /** The longest that a streamed answer may take. */
  streamMsMax: number
  /** How many edges share a limit while Redis is away; each then grants its part of it. */
  replicas: number
  /** How many proxies of ours stand in front and append to X-Forwarded-For. */
  trustedProxyHops: number
  /** Where usage records wait until billing has captured them, and the most that may wait there. */
  spoolDir: string
  spoolBytesMax: number
  /** Written to disk before they are sent; else only what billing does not capture at once. */
  spoolFirst: boolean
  /** The service behind `/p/*`; undefined when it is mounted in this process. */
  imgproxyUrl: string | undefined
  /** Where people and callers find us; undefined when it is the address that we listen on. */
  publicBaseUrl: string | undefined
  /** Whose pages may read answers of `/v1` and pictures. */
  allowedOrigins: AllowedOrigins
  /** Hosts that a channel may have although they are metadata or link-local addresses. */
  metadataHostsAllowed: readonly string[]
  /** Whether people may make accounts by themselves. */
  registration: 'open' | 'closed'
  /** A session at the panel that is not used for so long has ended. */
  sessionIdleMs: number
  /** Of this release, for people. */
  version: string
  /** How often the version of the catalog is looked up, in case that an announcement got lost. */
  catalogMaxAgeMs: number
  /** What answers paths that are not ours; undefined answers 404. */
  dashboardUrl: string | undefined
  /** Caps of an edit's form: one file, and all of it. */
  imageFileBytesMax: number
  imageFormBytesMax: number
  /** How long an image job may take, from submission to its end. */
  imageJobMsMax: number
  /** How long a signed picture link stays valid. */
  pictureLinkMs: number
  /** How an image answer carries its pictures when the caller names no `response_format`. */
  imageAnswer: PictureForm
  /** The model of image requests that name none; undefined leaves it to the catalog. */
  imageDefaultModel: string | undefined
  /** What picture links name: the public base URL, or, where none is set, the host that a caller used. */
  linkOrigin: 'public' | 'caller'
}

const MIB = 1024 * 1024
const DAY_MS = 86_400_000

export const defaultEdgeConfig: EdgeConfig = {
  bodyBytesMax: 20 * MIB,
  bodyMemoryBytesMax: 256 * MIB,
  bodyMemoryPerCallerBytesMax: 128 * MIB,
  uploadBytesMax: 2_048 * MIB,
  uploadPerCallerBytesMax: 256 * MIB,
  taskStreamsPerKeyMax: 64,
  imageRequestsPerKeyMax: 1_000,
  requestsInFlightMax: 10_000,
  syncWaitMs: 280_000,
  streamMsMax: 1_800_000,
  replicas: 1,
  trustedProxyHops: 0,
  spoolDir: './data/usage-spool',
  spoolBytesMax: 1024 * MIB,
  spoolFirst: true,
  catalogMaxAgeMs: 500,
  imgproxyUrl: undefined,
  dashboardUrl: undefined,
  publicBaseUrl: undefined,
  allowedOrigins: '*',
  metadataHostsAllowed: [],
  registration: 'closed',
  sessionIdleMs: 30 * DAY_MS,
  version: '0.1.0',
  imageFileBytesMax: 50 * MIB,
  imageFormBytesMax: 100 * MIB,
  imageJobMsMax: 1_800_000,
  pictureLinkMs: 3_600_000,
  imageAnswer: 'both',
  imageDefaultModel: undefined,
  linkOrigin: 'public',
}

const d = defaultEdgeConfig
const bytes = (fallback: number) =>
  integerSetting({ min: 1_024, max: 1024 * MIB }).default(fallback)
const milliseconds = (fallback: number) =>
  integerSetting({ min: 100, max: 86_400_000 }).default(fallback)
const budget = (fallback: number) =>
  integerSetting({ min: 1_024, max: 1_048_576 * MIB }).default(fallback)
const count = (fallback: number) => integerSetting({ min: 1, max: 1_000_000 }).default(fallback)

/** What callers may make this process hold; the same names in both wirings. */
export const intakeEnvironment = {
  BODY_MEMORY_BYTES_MAX: budget(d.bodyMemoryBytesMax),
  BODY_MEMORY_PER_CALLER_BYTES_MAX: budget(d.bodyMemoryPerCallerBytesMax),
  UPLOAD_BYTES_MAX: budget(d.uploadBytesMax),
  UPLOAD_PER_CALLER_BYTES_MAX: budget(d.uploadPerCallerBytesMax),
  TASK_STREAMS_PER_KEY_MAX: count(d.taskStreamsPerKeyMax),
  IMAGE_REQUESTS_PER_KEY_MAX: count(d.imageRequestsPerKeyMax),
}
const intakeSchema = z.object(intakeEnvironment)

/** The same as settings of the module. */
export function intakeConfigOf(env: z.output<typeof intakeSchema>) {
  return {
    bodyMemoryBytesMax: env.BODY_MEMORY_BYTES_MAX,
    bodyMemoryPerCallerBytesMax: env.BODY_MEMORY_PER_CALLER_BYTES_MAX,
    uploadBytesMax: env.UPLOAD_BYTES_MAX,
    uploadPerCallerBytesMax: env.UPLOAD_PER_CALLER_BYTES_MAX,
    taskStreamsPerKeyMax: env.TASK_STREAMS_PER_KEY_MAX,
    imageRequestsPerKeyMax: env.IMAGE_REQUESTS_PER_KEY_MAX,
  }
}
const serviceUrl = z.url({ protocol: /^https?$/ }).optional()

/** What this service reads from the environment in distributed mode. */
export const edgeEnvironment = z.object({
  PORT: integerSetting({ min: 0, max: 65_535 }).default(8080),
  HOST: z.string().default('0.0.0.0'),
  DATABASE_URL: z.string().min(1),
  DATABASE_POOL_MAX: integerSetting({ min: 1, max: 200 }).default(10),
  REDIS_URL: z.string().min(1),
  NATS_URL: z.string().min(1),
  NODE_ENV: z.string().default('development'),
  LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  DRAIN_MS: milliseconds(330_000),
  /** `/ready` says no for so long before the listener closes. */
  SHUTDOWN_DELAY_MS: integerSetting({ min: 0, max: 600_000 }).default(5_000),
  /** `name:n`, for the crash campaign; refused in production. */
  CRASH_AT: z.string().optional(),
  /** What callers see in picture links. */
  PUBLIC_BASE_URL: z.url({ protocol: /^https?$/ }),
  /** `id:base64[,id:base64]`, newest first. */
  SEALING_KEYS: z.string().min(1),
  SIGNING_KEYS: z.string().min(1),
  /** Base64: the key of the HMAC under which API keys are stored. */
  API_KEY_PEPPER: z.string().min(1),
  BLOB_DIR: z.string().min(1),
  USAGE_SPOOL_DIR: z.string().default(d.spoolDir),
  USAGE_SPOOL_BYTES_MAX: integerSetting({ min: MIB, max: 1024 * 1024 * MIB }).default(
    d.spoolBytesMax,
  ),
  /** Below so many free bytes on a disk of ours `/ready` says no. */
  DISK_FREE_BYTES_MIN: integerSetting({ min: 0, max: 2 ** 50 }).default(67_108_864),
  IMGPROXY_URL: serviceUrl,
  DASHBOARD_URL: serviceUrl,
  EDGE_REPLICAS: integerSetting({ min: 1, max: 1_000 }).default(d.replicas),
  TRUSTED_PROXY_HOPS: integerSetting({ min: 0, max: 10 }).default(d.trustedProxyHops),
  CONNECTIONS_MAX: integerSetting({ min: 10, max: 1_000_000 }).default(10_000),
  /** Of one address; nine tenths of all, or all behind proxies, unless set. */
  CONNECTIONS_PER_ADDRESS_MAX: integerSetting({ min: 1, max: 1_000_000 }).optional(),
  ...intakeEnvironment,
  BODY_BYTES_MAX: bytes(d.bodyBytesMax),
  REQUESTS_IN_FLIGHT_MAX: integerSetting({ min: 1, max: 1_000_000 }).default(d.requestsInFlightMax),
  SYNC_WAIT_MS: milliseconds(d.syncWaitMs),
  STREAM_MS_MAX: milliseconds(d.streamMsMax),
  IMAGE_FILE_BYTES_MAX: bytes(d.imageFileBytesMax),
  IMAGE_FORM_BYTES_MAX: bytes(d.imageFormBytesMax),
  IMAGE_JOB_MS_MAX: milliseconds(d.imageJobMsMax),
  PICTURE_LINK_MS: milliseconds(d.pictureLinkMs),
  ALLOWED_ORIGINS: allowedOriginsSetting,
  METADATA_HOSTS_ALLOWED: hostListSetting.default([]),
  IMAGE_ANSWER: z.enum(pictureForms).default(d.imageAnswer),
  IMAGE_DEFAULT_MODEL: z.string().max(200).optional(),
  CATALOG_MAX_AGE_MS: integerSetting({ min: 100, max: 3_600_000 }).default(d.catalogMaxAgeMs),
  REGISTRATION: z.enum(['closed', 'open']).default(d.registration),
  SESSION_IDLE_MS: integerSetting({ min: 60_000, max: 400 * DAY_MS }).default(d.sessionIdleMs),
})
export type EdgeEnvironment = z.output<typeof edgeEnvironment>

/** The module's settings out of the process's. */
export function edgeConfigOf(env: EdgeEnvironment): EdgeConfig {
  return {
    ...intakeConfigOf(env),
    bodyBytesMax: env.BODY_BYTES_MAX,
    requestsInFlightMax: env.REQUESTS_IN_FLIGHT_MAX,
    syncWaitMs: env.SYNC_WAIT_MS,
    streamMsMax: env.STREAM_MS_MAX,
    replicas: env.EDGE_REPLICAS,
    trustedProxyHops: env.TRUSTED_PROXY_HOPS,
    spoolDir: env.USAGE_SPOOL_DIR,
    spoolBytesMax: env.USAGE_SPOOL_BYTES_MAX,
    spoolFirst: true,
    imgproxyUrl: env.IMGPROXY_URL,
    dashboardUrl: env.DASHBOARD_URL,
    publicBaseUrl: env.PUBLIC_BASE_URL,
    allowedOrigins: env.ALLOWED_ORIGINS,
    metadataHostsAllowed: env.METADATA_HOSTS_ALLOWED,
    catalogMaxAgeMs: env.CATALOG_MAX_AGE_MS,
    registration: env.REGISTRATION,
    sessionIdleMs: env.SESSION_IDLE_MS,
    version: d.version,
    imageFileBytesMax: env.IMAGE_FILE_BYTES_MAX,
    imageFormBytesMax: env.IMAGE_FORM_BYTES_MAX,
    imageJobMsMax: env.IMAGE_JOB_MS_MAX,
    pictureLinkMs: env.PICTURE_LINK_MS,
    imageAnswer: env.IMAGE_ANSWER,
    imageDefaultModel: env.IMAGE_DEFAULT_MODEL,
    linkOrigin: 'public',
  }
}

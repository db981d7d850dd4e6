import type { AllowedOrigins } from '@sluice/service-kit/http/cors'
import { allowedOriginsSetting } from '@sluice/service-kit/http/cors-setting'
import { hostListSetting, integerSetting } from '@sluice/service-kit/read-config'
import type { PictureForm } from '@sluice/protocol/images/image-answer'
import { pictureForms } from '@sluice/protocol/images/image-answer'
import { databaseEnvironment, serviceEnvironment } from '@sluice/service-kit/service-environment'
import { z } from 'zod'

/** Settings of the module, the same in embedded and distributed mode. */
export interface EdgeConfig {
  /** Maximum size of a JSON body; checked before it is buffered. */
  bodyBytesMax: number
  /** Request bodies in memory, in total and per API key or user. */
  bodyMemoryBytesMax: number
  bodyMemoryPerCallerBytesMax: number
  /** Staged uploads on disk, in total and per API key or user. */
  uploadBytesMax: number
  uploadPerCallerBytesMax: number
  /** Concurrent event streams of image tasks, and concurrent image requests, per API key. */
  taskStreamsPerKeyMax: number
  imageRequestsPerKeyMax: number
  /** Concurrent requests in this process. */
  requestsInFlightMax: number
  /** Deadline of a non-streamed response; then 504. Clients time out after 300 s without data. */
  syncWaitMs: number
  /** Deadline of a streamed response. */
  streamMsMax: number
  /** Number of edges that share a rate limit; while Redis is unavailable, each grants its fraction. */
  replicas: number
  /** Number of trusted proxies in front that append to X-Forwarded-For. */
  trustedProxyHops: number
  /** Directory and maximum size of the usage records that billing has not captured yet. */
  spoolDir: string
  spoolBytesMax: number
  /** Write usage records to disk before sending them; otherwise only those that billing did not capture. */
  spoolFirst: boolean
  /** The service that serves `/p/*`; undefined when it is mounted in this process. */
  imgproxyUrl: string | undefined
  /** Public URL of this server; undefined when it is the listening address. */
  publicBaseUrl: string | undefined
  /** Origins whose pages may read responses of `/v1` and pictures (CORS). */
  allowedOrigins: AllowedOrigins
  /** Metadata or link-local hosts that channels may use despite the SSRF guard. */
  metadataHostsAllowed: readonly string[]
  /** Whether users may register themselves. */
  registration: 'open' | 'closed'
  /** Idle timeout of a panel session. */
  sessionIdleMs: number
  /** Version of this release, for display. */
  version: string
  /** Polling interval of the catalog version, in case a change event is lost. */
  catalogMaxAgeMs: number
  /** The panel, to which paths without a route are forwarded; undefined answers them with 404. */
  dashboardUrl: string | undefined
  /** Maximum sizes of an edit's form: one file, and the whole form. */
  imageFileBytesMax: number
  imageFormBytesMax: number
  /** Maximum duration of an image job, from submission to its end. */
  imageJobMsMax: number
  /** How long a signed picture link stays valid. */
  pictureLinkMs: number
  /** How an image response contains its pictures when the request has no `response_format`. */
  imageAnswer: PictureForm
  /** The model of image requests without one; undefined leaves it to the catalog. */
  imageDefaultModel: string | undefined
  /** Host of picture links: the public base URL, or the host that the caller used. */
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

/** Intake limits of this process; the same variable names in both modes. */
export const intakeEnvironment = {
  BODY_MEMORY_BYTES_MAX: budget(d.bodyMemoryBytesMax),
  BODY_MEMORY_PER_CALLER_BYTES_MAX: budget(d.bodyMemoryPerCallerBytesMax),
  UPLOAD_BYTES_MAX: budget(d.uploadBytesMax),
  UPLOAD_PER_CALLER_BYTES_MAX: budget(d.uploadPerCallerBytesMax),
  TASK_STREAMS_PER_KEY_MAX: count(d.taskStreamsPerKeyMax),
  IMAGE_REQUESTS_PER_KEY_MAX: count(d.imageRequestsPerKeyMax),
}
const intakeSchema = z.object(intakeEnvironment)

/** The intake limits as settings of the module. */
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

/** Environment of this service in distributed mode. */
export const edgeEnvironment = z.object({
  ...serviceEnvironment({ port: 8080, drainMs: 330_000, shutdownDelayMs: 5_000 }),
  ...databaseEnvironment({ poolMax: 10 }),
  REDIS_URL: z.string().min(1),
  NATS_URL: z.string().min(1),
  /** Base URL of picture links. */
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
  /** `/ready` answers 503 while a data disk has fewer free bytes. */
  DISK_FREE_BYTES_MIN: integerSetting({ min: 0, max: 2 ** 50 }).default(67_108_864),
  IMGPROXY_URL: serviceUrl,
  DASHBOARD_URL: serviceUrl,
  EDGE_REPLICAS: integerSetting({ min: 1, max: 1_000 }).default(d.replicas),
  TRUSTED_PROXY_HOPS: integerSetting({ min: 0, max: 10 }).default(d.trustedProxyHops),
  CONNECTIONS_MAX: integerSetting({ min: 10, max: 1_000_000 }).default(10_000),
  /** Per client address; default: 90% of CONNECTIONS_MAX, or all of it behind proxies. */
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

/** Converts the environment into the module's settings. */
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

import { integerSetting } from '@sluice/service-kit/read-config'
import { z } from 'zod'

const GATEWAYS_MAX = 16
const webUrl = z.url({ protocol: /^https?$/ })

/** Environment of the panel as a separate service. */
export const panelEnvironment = z.object({
  PORT: integerSetting({ min: 0, max: 65_535 }).default(8085),
  HOST: z.string().default('0.0.0.0'),
  NODE_ENV: z.string().default('development'),
  LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  DRAIN_MS: integerSetting({ min: 100, max: 600_000 }).default(15_000),
  /** How long `/ready` fails before the listener closes. */
  SHUTDOWN_DELAY_MS: integerSetting({ min: 0, max: 600_000 }).default(5_000),
  /** Comma-separated gateway addresses; the next one is used when one is unavailable. */
  API_URL: z
    .string()
    .transform((text) => text.split(',').map((url) => url.trim()))
    .pipe(z.array(webUrl).min(1).max(GATEWAYS_MAX)),
  /** The public address of the panel; needed behind a proxy that changes the Host header. */
  PUBLIC_BASE_URL: webUrl.optional(),
  /** The output folder of `pnpm build:panel`. */
  PANEL_DIR: z.string().default('dist/panel'),
})

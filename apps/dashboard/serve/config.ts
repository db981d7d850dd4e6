import { integerSetting } from '@sluice/service-kit/read-config'
import { z } from 'zod'

const GATEWAYS_MAX = 16
const webUrl = z.url({ protocol: /^https?$/ })

/** What the panel reads from the environment where it is a service of its own. */
export const panelEnvironment = z.object({
  PORT: integerSetting({ min: 0, max: 65_535 }).default(8085),
  HOST: z.string().default('0.0.0.0'),
  NODE_ENV: z.string().default('development'),
  LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  DRAIN_MS: integerSetting({ min: 100, max: 600_000 }).default(15_000),
  /** `/ready` says no for so long before the listener closes. */
  SHUTDOWN_DELAY_MS: integerSetting({ min: 0, max: 600_000 }).default(5_000),
  /** The gateways whose API the pages are made of, behind commas; the next is asked when one is away. */
  API_URL: z
    .string()
    .transform((text) => text.split(',').map((url) => url.trim()))
    .pipe(z.array(webUrl).min(1).max(GATEWAYS_MAX)),
  /** Our address as people know it; needed where a proxy changes the Host on the way. */
  PUBLIC_BASE_URL: webUrl.optional(),
  /** Where `pnpm build:panel` leaves its builds. */
  PANEL_DIR: z.string().default('dist/panel'),
})

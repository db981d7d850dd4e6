import { integerSetting } from '@sluice/service-kit/read-config'
import { z } from 'zod'

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
  /** The gateway whose API the pages are made of. */
  API_URL: webUrl,
  /** Our address as people know it; needed where a proxy changes the Host on the way. */
  PUBLIC_BASE_URL: webUrl.optional(),
  /** Where `pnpm build:panel` leaves its builds. */
  PANEL_DIR: z.string().default('dist/panel'),
})

import { serviceEnvironment } from '@sluice/service-kit/service-environment'
import { z } from 'zod'

const GATEWAYS_MAX = 16
const webUrl = z.url({ protocol: /^https?$/ })

/** Environment of the panel as a separate service. */
export const panelEnvironment = z.object({
  ...serviceEnvironment({ port: 8085, drainMs: 15_000, shutdownDelayMs: 5_000 }),
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

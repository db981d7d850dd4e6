import { sandboxChannelSettings } from '@sluice/contracts/channel-settings'

import type { z } from 'zod'

/** The channel settings of the sandbox. Unknown names are ignored. */
export const sandboxSettings = sandboxChannelSettings.strip().transform((settings) => ({
  ...settings,
  latencyMs: settings.latencyMs ?? 0,
  chunkDelayMs: settings.chunkDelayMs ?? 0,
  failureRate: settings.failureRate ?? 0,
  failWith: settings.failWith ?? 'server-error',
  partialImages: settings.partialImages ?? 3,
}))
export type SandboxSettings = z.output<typeof sandboxSettings>

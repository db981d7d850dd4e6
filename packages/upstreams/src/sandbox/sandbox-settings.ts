import { sandboxChannelSettings } from '@sluice/contracts/channel-settings'

import type { z } from 'zod'

/** A channel's settings as the sandbox reads them. Names that it does not know are left alone. */
export const sandboxSettings = sandboxChannelSettings.strip().transform((settings) => ({
  ...settings,
  latencyMs: settings.latencyMs ?? 0,
  chunkDelayMs: settings.chunkDelayMs ?? 0,
  failureRate: settings.failureRate ?? 0,
  failWith: settings.failWith ?? 'server-error',
  partialImages: settings.partialImages ?? 3,
}))
export type SandboxSettings = z.output<typeof sandboxSettings>

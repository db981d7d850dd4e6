import { openaiChannelSettings } from '@sluice/contracts/channel-settings'

/** The channel settings of this dialect. Unknown names are ignored. */
export const openaiSettings = openaiChannelSettings.strip()

import { openaiChannelSettings } from '@sluice/contracts/channel-settings'

/** A channel's settings as this dialect reads them. Names that it does not know are left alone. */
export const openaiSettings = openaiChannelSettings.strip()

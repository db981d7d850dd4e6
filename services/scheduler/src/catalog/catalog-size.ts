import type { CatalogChannel, CatalogCredential } from '@sluice/contracts/scheduler.contract'

/**
 * The catalog is sent in one message, and the bus limits messages to 1 MiB: the rows have this much of it, and
 * what is learned about credentials has DETAILS_BYTES_MAX for reasons and as much for restrictions.
 */
export const CATALOG_BYTES_MAX = 900 * 1024
export const DETAILS_BYTES_MAX = 60_000

/** A channel as far as its size is known before it is stored. */
export interface SizedChannel extends Omit<CatalogChannel, 'credentials'> {
  credentials: readonly Pick<CatalogCredential, 'id' | 'concurrencyMax' | 'secret'>[]
}

/** The maximum size of the sent channels in bytes, without reasons and restrictions of their credentials. */
export function catalogBytes(channels: readonly SizedChannel[]): number {
  return channels.reduce((sum, channel) => sum + channelBytes(channel), 0)
}

function channelBytes(channel: SizedChannel): number {
  const credentials = channel.credentials.map(
    ({ id, concurrencyMax, secret }): CatalogCredential => ({
      id,
      // The longest values that these members can have.
      state: 'attention',
      concurrencyMax,
      coolingUntil: new Date(0),
      reason: null,
      restrictions: [],
      secret,
    }),
  )
  return jsonBytes({ ...channel, credentials })
}

/** The bytes of a value in an array or object of the message. */
export function jsonBytes(value: unknown): number {
  const separator = 1
  return Buffer.byteLength(JSON.stringify(value) ?? '') + separator
}

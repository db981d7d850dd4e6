import type { Channel } from './channel.ts'

/** The catalog is sent in one message, and the bus limits messages to 1 MiB. */
export const CATALOG_BYTES_MAX = 900 * 1024

/** The size of the encoded catalog in bytes. */
export function catalogBytes(channels: readonly Channel[]): number {
  return Buffer.byteLength(JSON.stringify(channels))
}

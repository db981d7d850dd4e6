import type { Channel } from './channel.ts'

/** The catalog is read in one answer, and a bus takes messages of a mebibyte. */
export const CATALOG_BYTES_MAX = 900 * 1024

/** How large the catalog's answer is at most, in bytes. */
export function catalogBytes(channels: readonly Channel[]): number {
  return Buffer.byteLength(JSON.stringify(channels))
}

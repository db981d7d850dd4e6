import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

/** The prefixes of the ids that Sluice creates. */
export type IdPrefix =
  | 'alw' // allowance
  | 'chan' // channel
  | 'cred' // credential
  | 'edge' // one running edge-api
  | 'evt' // bus message
  | 'hold'
  | 'img' // image job
  | 'key' // API key
  | 'lease'
  | 'msg' // chat completion whose id the gateway creates
  | 'price'
  | 'req' // one HTTP request
  | 'run' // one running image-runner
  | 'sched' // one running scheduler
  | 'ses' // session of a user
  | 'tr' // ledger transfer
  | 'usr' // user
  | 'wal' // wallet

/** `prefix_` and the 32 hex digits of a UUIDv7 (RFC 9562 §5.7): ids of one kind sort by time. */
export function newId(prefix: IdPrefix, { clock, random }: { clock: Clock; random: Random }) {
  const bytes = random.bytes(16)
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
  const nowMs = clock.nowMs()
  view.setUint32(0, Math.floor(nowMs / 2 ** 16))
  view.setUint16(4, nowMs % 2 ** 16)
  view.setUint8(6, 0x70 | (view.getUint8(6) & 0x0f))
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f))
  return `${prefix}_${Buffer.from(bytes).toString('hex')}`
}

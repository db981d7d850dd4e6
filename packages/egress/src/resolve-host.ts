import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

import type { RefusalReason } from './guard-url.ts'
import { judgeAddress } from './judge-address.ts'
import { isMetadataHost } from './metadata-address.ts'

/** All addresses of a name. Rejects or answers nothing when there are none. */
export type Lookup = (hostname: string) => Promise<string[]>

export type CheckedAddresses =
  | { allowed: true; addresses: string[] }
  | { allowed: false; reason: RefusalReason }

/** The machine's resolver, so that /etc/hosts and search rules are seen as they will be used. */
export const systemLookup: Lookup = async (hostname) => {
  const found = await lookup(hostname, { all: true })
  return found.map(({ address }) => address)
}

/**
 * Resolves a host once and checks every answer: one private address among public ones refuses the
 * host, since nobody says which of them a connection would take. `trusted` hosts may be private, but lead to
 * a metadata service only where the operator has named it.
 */
export async function resolveHost(
  { lookup, metadataHostsAllowed }: { lookup: Lookup; metadataHostsAllowed: readonly string[] },
  { host, trusted }: { host: string; trusted: boolean },
): Promise<CheckedAddresses> {
  const addresses = isIP(host) === 0 ? await lookUp(lookup, host) : [host]
  if (addresses.length === 0) return { allowed: false, reason: 'unresolved' }
  const allPublic = addresses.every((address) => judgeAddress(address) === 'public')
  if (!trusted && !allPublic) return { allowed: false, reason: 'address' }
  const isMetadata = [host, ...addresses].some(
    (one) => isMetadataHost(one) && !metadataHostsAllowed.includes(one),
  )
  if (isMetadata) return { allowed: false, reason: 'address' }
  return { allowed: true, addresses }
}

async function lookUp(lookup: Lookup, host: string): Promise<string[]> {
  try {
    return await lookup(host)
  } catch {
    // Whether a name is unknown or the resolver is away is the same to who named it: no address.
    return []
  }
}

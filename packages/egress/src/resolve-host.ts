import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

import type { RefusalReason } from './guard-url.ts'
import { classifyAddress } from './classify-address.ts'
import { isMetadataHost } from './metadata-address.ts'

/** Returns all addresses of a name. Rejects or returns an empty list when there are none. */
export type Lookup = (hostname: string) => Promise<string[]>

export type CheckedAddresses =
  | { allowed: true; addresses: string[] }
  | { allowed: false; reason: RefusalReason }

/** The operating system's resolver, including /etc/hosts and search domains. */
export const systemLookup: Lookup = async (hostname) => {
  const found = await lookup(hostname, { all: true })
  return found.map(({ address }) => address)
}

/**
 * Resolves a host once and checks every address: one private address among public ones rejects the host,
 * since a connection might use any of them. `trusted` hosts may be private; a metadata service is rejected
 * unless `metadataHostsAllowed` has it.
 */
export async function resolveHost(
  { lookup, metadataHostsAllowed }: { lookup: Lookup; metadataHostsAllowed: readonly string[] },
  { host, trusted }: { host: string; trusted: boolean },
): Promise<CheckedAddresses> {
  const addresses = isIP(host) === 0 ? await lookUp(lookup, host) : [host]
  if (addresses.length === 0) return { allowed: false, reason: 'unresolved' }
  const allPublic = addresses.every((address) => classifyAddress(address) === 'public')
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
    // An unknown name and an unavailable resolver have the same result: no address.
    return []
  }
}

import { isIP } from 'node:net'

import ipaddr from 'ipaddr.js'

export type AddressClass = 'public' | 'not-public' | 'not-an-address'

// Public according to the registries, but inside Azure the hypervisor responds at this address.
const metadataAddresses: ReadonlySet<string> = new Set(['168.63.129.16'])

const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Classifies an address as public or not. Not public: loopback, private, link-local, CGNAT, multicast,
 * reserved, documentation, benchmarking, and every IPv6 address that embeds an IPv4 address (mapped,
 * NAT64, 6to4, Teredo).
 */
export function classifyAddress(address: string): AddressClass {
  // The parser also accepts `1.2.3` and `0x7f.1`, which others interpret differently; isIP rejects both.
  if (isIP(address) === 0 || !ipaddr.isValid(address)) return 'not-an-address'
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return 'not-public'
  // IANA has allocated nothing else yet; this also covers `::127.0.0.1`.
  if (parsed instanceof ipaddr.IPv6 && !parsed.match(globalUnicast)) return 'not-public'
  return metadataAddresses.has(parsed.toString()) ? 'not-public' : 'public'
}

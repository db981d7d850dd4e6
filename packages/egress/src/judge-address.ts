import { isIP } from 'node:net'

import ipaddr from 'ipaddr.js'

export type AddressVerdict = 'public' | 'not-public' | 'not-an-address'

// Public by the registries, but answered by the cloud's own hypervisor inside its machines.
const metadataAddresses: ReadonlySet<string> = new Set(['168.63.129.16'])

const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Says whether an address is one of the open internet. Anything that only means something near us
 * is not: loopback, private, link-local, CGNAT, multicast, reserved, documentation, benchmarks, and
 * every IPv6 form that carries an IPv4 address inside (mapped, NAT64, 6to4, Teredo).
 */
export function judgeAddress(address: string): AddressVerdict {
  // The parser also takes `1.2.3` and `0x7f.1`, which others read differently; isIP takes neither.
  if (isIP(address) === 0 || !ipaddr.isValid(address)) return 'not-an-address'
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return 'not-public'
  // IANA has handed out nothing else yet; this also covers `::127.0.0.1`.
  if (parsed instanceof ipaddr.IPv6 && !parsed.match(globalUnicast)) return 'not-public'
  return metadataAddresses.has(parsed.toString()) ? 'not-public' : 'public'
}

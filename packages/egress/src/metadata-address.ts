import { isIP } from 'node:net'

import ipaddr from 'ipaddr.js'

/**
 * Addresses of cloud metadata services, which serve secrets of the machine, outside the link-local ranges
 * (169.254.0.0/16, fe80::/10) that most clouds use: Alibaba, Azure's platform address, Oracle, AWS and Google
 * over IPv6. NAMES resolve to a metadata service inside a cloud.
 */
const ADDRESSES: ReadonlySet<string> = new Set([
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
  'fd00:c1::a9fe:a9fe',
])
const NAMES: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'metadata.azure.internal',
  'metadata.azure.com',
  'metadata.tencentyun.com',
  'metadata.platformequinix.com',
  'metadata.packet.net',
  'instance-data',
  'instance-data.ec2.internal',
  'rancher-metadata',
])

/** True for the name or the address of a metadata service, in any notation of a URL or a resolver. */
export function isMetadataHost(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '')
  if (NAMES.has(name)) return true
  if (isIP(name) === 0) return false
  const address = ipaddr.parse(name.split('%', 1)[0] ?? name)
  return [address, ...innerAddresses(address)].some(
    (one) => one.range() === 'linkLocal' || ADDRESSES.has(one.toString()),
  )
}

/**
 * IPv4 addresses embedded in an IPv6 one: mapped and compatible (RFC 4291 §2.5.5), NAT64 (RFC 6052,
 * RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380: its bits are inverted) and ISATAP (RFC 5214).
 */
function innerAddresses(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4[] {
  if (address instanceof ipaddr.IPv4) return []
  const bytes = address.toByteArray()
  const last = bytes.slice(12)
  const inner = [last, bytes.slice(2, 6), last.map((byte) => byte ^ 0xff)]
  const isInside = [
    ['::/96', '::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48'].some((range) =>
      isIn(address, range),
    ) || /:0?5efe:/.test(address.toNormalizedString()),
    isIn(address, '2002::/16'),
    isIn(address, '2001::/32'),
  ]
  return inner.flatMap((four, at) => (isInside[at] ? [new ipaddr.IPv4(four)] : []))
}

const isIn = (address: ipaddr.IPv6, range: string) => address.match(ipaddr.IPv6.parseCIDR(range))

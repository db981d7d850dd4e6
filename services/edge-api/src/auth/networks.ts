import { assert } from '@sluice/kernel/assert'
import ipaddr from 'ipaddr.js'

/** A set of IPv4 and IPv6 addresses and networks. */
export interface AddressList {
  /** False also for text that is not an address. */
  has(address: string): boolean
}

type Range = ReturnType<typeof ipaddr.parseCIDR>

/** `networks` in the form of `normalizeNetwork`. An IPv4-mapped IPv6 address counts as IPv4. */
export function addressList(networks: readonly string[]): AddressList {
  const ranges = networks.map(parseRange)
  return {
    has(text) {
      const address = parseAddress(text)
      return address !== undefined && ranges.some((range) => isWithin(address, range))
    },
  }
}

/** The stored form of an address or network: with a prefix length, and host bits zero. */
export function normalizeNetwork(text: string): string {
  const [address, bits] = parseRange(text)
  const bytes = address.toByteArray()
  const masked = bytes.map((byte, index) => byte & maskOf(bits - index * 8))
  return `${ipaddr.fromByteArray(masked).toString()}/${bits}`
}

/** A network for display: a single address without its prefix length. */
export function formatNetwork(network: string): string {
  const length = network.includes(':') ? '/128' : '/32'
  return network.endsWith(length) ? network.slice(0, -length.length) : network
}

// Validated by the contract.
function parseRange(text: string): Range {
  const whole = text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`
  assert(ipaddr.isValidCIDR(whole), 'a network is an address and a length')
  const [address, bits] = ipaddr.parseCIDR(whole)
  const isMapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()
  return isMapped && bits >= MAPPED_BITS
    ? [address.toIPv4Address(), bits - MAPPED_BITS]
    : [address, bits]
}

/** ::ffff:0:0/96 */
const MAPPED_BITS = 96

/** Some proxies add the port: `203.0.113.7:4711`, `[2001:db8::1]:4711`. */
const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d+)?$/

/** Removes the port from an address. */
export function withoutPort(text: string): string {
  const [, six, four] = WITH_PORT.exec(text) ?? []
  return six ?? four ?? text
}

function parseAddress(text: string) {
  const bare = withoutPort(text)
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined
}

function isWithin(address: ReturnType<typeof ipaddr.process>, [network, bits]: Range): boolean {
  if (address instanceof ipaddr.IPv4)
    return network instanceof ipaddr.IPv4 && address.match(network, bits)
  return network instanceof ipaddr.IPv6 && address.match(network, bits)
}

/** Mask of one byte that retains its first `bits` bits. */
const maskOf = (bits: number) => (0xff << (8 - Math.max(0, Math.min(8, bits)))) & 0xff

import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'

import { buildConnector } from 'undici'

import type { EgressLimits } from './egress-limits.ts'
import { isMetadataHost } from './metadata-address.ts'
import type { Lookup } from './resolve-host.ts'

interface GuardedConnect {
  limits: EgressLimits
  metadataHostsAllowed: readonly string[]
  lookup: Lookup
}

/**
 * Connects to upstreams, but not to a metadata service. Names are checked on each connection, because their
 * addresses can change. A host name in `metadataHostsAllowed` may resolve to a metadata service.
 */
export function guardedConnect({
  limits,
  metadataHostsAllowed,
  lookup,
}: GuardedConnect): buildConnector.connector {
  const isAllowed = (host: string) => metadataHostsAllowed.includes(host.toLowerCase())
  const resolve = async (hostname: string) => {
    const addresses = await lookup(hostname)
    const isMetadata = addresses.some((one) => isMetadataHost(one) && !isAllowed(one))
    if (isMetadata && !isAllowed(hostname)) throw refused(hostname)
    const [first, ...more] = addresses.map((address) => ({ address, family: isIP(address) }))
    if (!first) throw notFound(hostname)
    return { first, all: [first, ...more] }
  }
  const guardedLookup: LookupFunction = (hostname, options, onAddress) => {
    void resolve(hostname).then(
      ({ first, all }) =>
        options.all ? onAddress(null, all) : onAddress(null, first.address, first.family),
      (error: NodeJS.ErrnoException) => onAddress(error, ''),
    )
  }
  const connect = buildConnector({
    timeout: limits.connectTimeoutMs,
    // Set explicitly, because an environment variable can change the default.
    rejectUnauthorized: true,
    lookup: guardedLookup,
  })
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '')
    if (isMetadataHost(host) && !isAllowed(host)) callback(refused(host), null)
    else connect(options, callback)
  }
}

const notFound = (host: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' })

function refused(host: string): NodeJS.ErrnoException {
  const message = `${host} is a metadata or link-local address that METADATA_HOSTS_ALLOWED does not allow`
  return Object.assign(new Error(message), { code: 'EACCES' })
}

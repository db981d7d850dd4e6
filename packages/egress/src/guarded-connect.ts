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
 * Connects to upstreams, but not to a metadata service: a base URL with a name is judged here, because the
 * name may lead anywhere, and to another place tomorrow. A host that the operator has allowed by its name may
 * lead to any of them.
 */
export function guardedConnect({
  limits,
  metadataHostsAllowed,
  lookup,
}: GuardedConnect): buildConnector.connector {
  const isAllowed = (host: string) => metadataHostsAllowed.includes(host.toLowerCase())
  const resolve = async (hostname: string) => {
    const addresses = await lookup(hostname)
    const isRefused = addresses.some((one) => isMetadataHost(one) && !isAllowed(one))
    if (isRefused && !isAllowed(hostname)) throw refused(hostname)
    const [first, ...more] = addresses.map((address) => ({ address, family: isIP(address) }))
    if (!first) throw notFound(hostname)
    return { first, all: [first, ...more] }
  }
  const guardedLookup: LookupFunction = (hostname, options, answer) => {
    void resolve(hostname).then(
      ({ first, all }) =>
        options.all ? answer(null, all) : answer(null, first.address, first.family),
      (error: NodeJS.ErrnoException) => answer(error, ''),
    )
  }
  const connect = buildConnector({
    timeout: limits.connectTimeoutMs,
    // Set here because an environment variable can turn the default off.
    rejectUnauthorized: true,
    lookup: guardedLookup,
  })
  return (options, answer) => {
    const host = options.hostname.replace(/^\[|\]$/g, '')
    if (isMetadataHost(host) && !isAllowed(host)) answer(refused(host), null)
    else connect(options, answer)
  }
}

const notFound = (host: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' })

function refused(host: string): NodeJS.ErrnoException {
  const message = `${host} leads to a metadata or link-local address, which METADATA_HOSTS_ALLOWED does not name`
  return Object.assign(new Error(message), { code: 'EACCES' })
}

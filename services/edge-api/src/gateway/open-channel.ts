import type { CatalogChannel, CatalogCredential } from '@sluice/contracts/scheduler.contract'
import type { Sealer } from '@sluice/sealing/sealer'
import { credentialSecretBinding } from '@sluice/sealing/sealer'
import type { RawCall, Upstream, UpstreamAccess } from '@sluice/upstreams/upstream'

/** Access to a channel with a credential; `call` is set for HTTP upstreams only. */
export interface ChannelAccess {
  upstream: Upstream
  access: UpstreamAccess
  call: RawCall | undefined
}

/**
 * Decrypts credentials once per snapshot: plaintext secrets stay in memory as long as the snapshot. Returns
 * undefined for a dialect without chat.
 */
export function createChannelOpener({
  sealer,
  upstreamOf,
}: {
  sealer: Pick<Sealer, 'open'>
  upstreamOf: (dialect: string) => Upstream | undefined
}): (channel: CatalogChannel, credential: CatalogCredential) => ChannelAccess | undefined {
  const opened = new WeakMap<CatalogCredential, ChannelAccess>()
  return (channel, credential) => {
    const known = opened.get(credential)
    if (known) return known
    const upstream = upstreamOf(channel.dialect)
    if (!upstream || (!upstream.chatCall && !upstream.chatAnswer)) return undefined
    const secret = sealer.open(credentialSecretBinding(credential.id), credential.secret)
    const access = { baseUrl: channel.baseUrl, secret, settings: channel.settings }
    const channelAccess = { upstream, access, call: upstream.chatCall?.(access) }
    opened.set(credential, channelAccess)
    return channelAccess
  }
}

import { keyHash } from '../../key-hash.ts'
import type { OwnedKeyRef } from '../../store/user-api-key-repository.ts'
import type { ControlContext } from '../control-context.ts'
import type { SessionPrincipal } from '../../identity/identity.ts'
import type { ControlHandlers } from '../handlers.ts'
import { createApiKey } from './create-api-key.ts'
import { editApiKey } from './edit-api-key.ts'
import { keyNotFound } from './key-not-found.ts'
import { listApiKeys } from './list-api-keys.ts'
import { revokeApiKey } from './revoke-api-key.ts'
import { showKeys } from './show-keys.ts'

type KeyOperation = 'listApiKeys' | 'createApiKey' | 'getApiKey' | 'editApiKey' | 'revokeApiKey'

/** A person's own API keys. */
export function keyHandlers({ gateway }: ControlContext): Pick<ControlHandlers, KeyOperation> {
  const { deps } = gateway
  const minting = { ...deps, keyHash: keyHash(deps.pepper) }
  return {
    listApiKeys: ({ session: { userId }, query }) => listApiKeys(deps, { userId, query }),
    createApiKey: ({ session, body }) => createApiKey(minting, { session, body }),
    getApiKey: async (call) => {
      const key = await deps.keyStore.findKey(nameOf(call))
      const [shown] = key ? await showKeys(deps, [key]) : []
      if (!shown) throw keyNotFound()
      return shown
    },
    editApiKey: (call) => editApiKey(deps, { name: nameOf(call), body: call.body }),
    revokeApiKey: (call) => revokeApiKey(deps, { name: nameOf(call) }),
  }
}

const nameOf = ({
  session,
  params,
}: {
  session: SessionPrincipal
  params: { id: string }
}): OwnedKeyRef => ({ userId: session.userId, id: params.id })

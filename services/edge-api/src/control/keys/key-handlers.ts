import { keyHash } from '../../auth/key-hash.ts'
import type { OwnedKeyRef } from '../../store/user-api-key-repository.ts'
import type { ControlContext } from '../control-context.ts'
import type { SessionPrincipal } from '../../identity/identity.ts'
import type { ControlHandlers } from '../handlers.ts'
import { createApiKey } from './create-api-key.ts'
import { editApiKey } from './edit-api-key.ts'
import { keyNotFound } from './key-not-found.ts'
import { listApiKeys } from './list-api-keys.ts'
import { revokeApiKey } from './revoke-api-key.ts'
import { toApiKeyDtos } from './api-key-dtos.ts'

type KeyOperation = 'listApiKeys' | 'createApiKey' | 'getApiKey' | 'editApiKey' | 'revokeApiKey'

/** Operations on a user's own API keys. */
export function keyHandlers({ gateway }: ControlContext): Pick<ControlHandlers, KeyOperation> {
  const { deps } = gateway
  const minting = { ...deps, keyHash: keyHash(deps.pepper) }
  return {
    listApiKeys: ({ session: { userId }, query }) => listApiKeys(deps, { userId, query }),
    createApiKey: ({ session, body }) => createApiKey(minting, { session, body }),
    getApiKey: async (call) => {
      const key = await deps.keyStore.findKey(keyRefOf(call))
      const [shown] = key ? await toApiKeyDtos(deps, [key]) : []
      if (!shown) throw keyNotFound()
      return shown
    },
    editApiKey: (call) => editApiKey(deps, { ref: keyRefOf(call), body: call.body }),
    revokeApiKey: (call) => revokeApiKey(deps, { ref: keyRefOf(call) }),
  }
}

const keyRefOf = ({
  session,
  params,
}: {
  session: SessionPrincipal
  params: { id: string }
}): OwnedKeyRef => ({ userId: session.userId, id: params.id })

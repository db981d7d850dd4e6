import type { ChargeFacts } from '@sluice/contracts/charges'
import type { Decoded } from '@sluice/contracts/control/operation-types'

import type { KeyOwner } from '../../store/key-owner-store.ts'

export type ShownCharge = Decoded<'listCharges'>['answer']['items'][number]

/** A charge as its owner sees it. What was drawn at the panel has no API key that they know of. */
export function showCharge(
  charge: ChargeFacts,
  owners: ReadonlyMap<string, KeyOwner>,
): ShownCharge {
  const { id, kind, model, apiKeyId, state, chargedMicro, at } = charge
  const owner = apiKeyId === null ? undefined : owners.get(apiKeyId)
  return {
    id,
    kind,
    model,
    api_key:
      owner === undefined || owner.isPanelKey
        ? null
        : { id: owner.apiKeyId, name: owner.name, prefix: owner.prefix },
    state,
    charged_micro: chargedMicro,
    at,
  }
}

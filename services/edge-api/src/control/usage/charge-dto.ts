import type { ChargeFacts } from '@sluice/contracts/charges'
import type { Decoded } from '@sluice/contracts/control/operation-types'

import type { KeyOwner } from '../../store/key-owner-store.ts'

export type ChargeDto = Decoded<'listCharges'>['answer']['items'][number]

/** A charge for its owner. Charges from the panel have no API key, because the panel key is hidden. */
export function toChargeDto(charge: ChargeFacts, owners: ReadonlyMap<string, KeyOwner>): ChargeDto {
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

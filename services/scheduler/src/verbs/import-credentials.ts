import { createHash } from 'node:crypto'

import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { newId } from '@sluice/kernel/ids'
import { credentialSecretPlace } from '@sluice/sealing/sealer'

import type { SchedulerParts } from '../deps.ts'
import { tellChange } from './tell-change.ts'

type Spec = (typeof schedulerContract)['methods']['importCredentials']

/** Seals and adds the secrets that the channel does not have yet. Throws `not_found` for the channel. */
export async function importCredentials(
  parts: SchedulerParts,
  { channelId, credentials }: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const { catalogStore, sealer, clock, random } = parts
  const sealed = credentials.map(({ secret, concurrencyMax }) => {
    const id = newId('cred', { clock, random })
    return {
      id,
      secret: sealer.seal(credentialSecretPlace(id), secret),
      fingerprint: fingerprint({ channelId, secret }),
      concurrencyMax,
    }
  })
  const at = clock.now()
  const result = await catalogStore.addCredentials({ channelId, credentials: sealed, at })
  if (result.added > 0) await tellChange(parts, { freed: [channelId] })
  return result
}

// Upstream keys are long random texts, so a hash gives them away to nobody. The channel is hashed
// with them: the same key in two channels does not look the same.
function fingerprint({ channelId, secret }: { channelId: string; secret: string }): string {
  return createHash('sha256').update(`${channelId}\n${secret}`).digest('hex')
}

import { createHash } from 'node:crypto'

import type { InputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { newId } from '@sluice/kernel/ids'
import { credentialSecretBinding } from '@sluice/sealing/sealer'

import type { SchedulerContext } from '../deps.ts'
import type { NewCredential } from '../store/catalog-store.ts'

/** Seals the secrets and computes their fingerprints, for new rows. */
export function sealCredentials(
  { sealer, clock, random }: Pick<SchedulerContext, 'sealer' | 'clock' | 'random'>,
  { channelId, credentials }: InputOf<(typeof schedulerContract)['methods']['importCredentials']>,
): NewCredential[] {
  return credentials.map(({ secret, concurrencyMax }) => {
    const id = newId('cred', { clock, random })
    return {
      id,
      secret: sealer.seal(credentialSecretBinding(id), secret),
      fingerprint: fingerprint({ channelId, secret }),
      concurrencyMax,
    }
  })
}

// Upstream keys are long random texts, so their hash cannot be reversed. The channel is hashed with
// them, so that the same key in two channels has different fingerprints.
function fingerprint({ channelId, secret }: { channelId: string; secret: string }): string {
  return createHash('sha256').update(`${channelId}\n${secret}`).digest('hex')
}

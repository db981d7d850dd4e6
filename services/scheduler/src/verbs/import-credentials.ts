import { createHash } from 'node:crypto'

import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'
import { newId } from '@sluice/kernel/ids'
import { credentialSecretPlace } from '@sluice/sealing/sealer'

import { CATALOG_BYTES_MAX, catalogBytes } from '../catalog/catalog-size.ts'
import type { CatalogSnapshot } from '../catalog/snapshot.ts'
import type { SchedulerParts } from '../deps.ts'
import type { NewCredential } from '../store/catalog-store.ts'
import { tellChange } from './tell-change.ts'

type Spec = (typeof schedulerContract)['methods']['importCredentials']

/**
 * Seals and adds the secrets that the channel does not have yet. Throws `not_found` for the channel, and
 * `invalid_value` when the catalog has no room for them.
 */
export async function importCredentials(
  parts: SchedulerParts,
  { channelId, credentials }: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const { catalogStore, catalog, sealer, clock, random } = parts
  const sealed = credentials.map(({ secret, concurrencyMax }) => {
    const id = newId('cred', { clock, random })
    return {
      id,
      secret: sealer.seal(credentialSecretPlace(id), secret),
      fingerprint: fingerprint({ channelId, secret }),
      concurrencyMax,
    }
  })
  checkRoom(catalog.current(), sealed)
  const at = clock.now()
  const result = await catalogStore.addCredentials({ channelId, credentials: sealed, at })
  if (result.added > 0) await tellChange(parts, { freed: [channelId] })
  return result
}

function checkRoom({ channels }: CatalogSnapshot, sealed: readonly NewCredential[]): void {
  const bytes = catalogBytes(channels) + Buffer.byteLength(JSON.stringify(sealed))
  if (bytes <= CATALOG_BYTES_MAX) return
  const message = `the catalog would have ${bytes} bytes; it may have ${CATALOG_BYTES_MAX}`
  throw new AppError('invalid_value', message, { param: 'credentials' })
}

// Upstream keys are long random texts, so a hash gives them away to nobody. The channel is hashed
// with them: the same key in two channels does not look the same.
function fingerprint({ channelId, secret }: { channelId: string; secret: string }): string {
  return createHash('sha256').update(`${channelId}\n${secret}`).digest('hex')
}

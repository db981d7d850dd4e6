import { credentialSecretBinding } from '@sluice/sealing/sealer'
import type { Sealer } from '@sluice/sealing/sealer'

import type { Channel } from './channel.ts'
import type { Credential } from './credential.ts'

/**
 * Sets credentials to `attention` in the loaded channel when their secret cannot be opened with the sealing keys
 * of this scheduler: every call with them would fail. The rows stay unchanged, so that the credentials are
 * active again as soon as the keys are restored.
 */
export function flagUnopenableSecrets(channel: Channel, sealer: Pick<Sealer, 'open'>): Channel {
  return {
    ...channel,
    credentials: channel.credentials.map((credential) => flagUnopenable(credential, sealer)),
  }
}

function flagUnopenable(credential: Credential, sealer: Pick<Sealer, 'open'>): Credential {
  if (credential.state !== 'active') return credential
  const error = findOpenError(credential, sealer)
  return error === undefined
    ? credential
    : { ...credential, state: 'attention', stateReason: error }
}

function findOpenError(
  { id, secret }: Credential,
  sealer: Pick<Sealer, 'open'>,
): string | undefined {
  try {
    sealer.open(credentialSecretBinding(id), secret)
    return undefined
  } catch {
    return (
      `the secret cannot be decrypted: it was sealed with the key ${secret.keyId}, and SEALING_KEYS of this ` +
      'scheduler has no such key or another value of it; restore the key, or add the secret again'
    )
  }
}

import { credentialSecretBinding } from '@sluice/sealing/sealer'
import type { Sealer } from '@sluice/sealing/sealer'

import type { Channel } from './channel.ts'
import type { Credential } from './credential.ts'

/**
 * The channel, whose credentials need attention where their secret cannot be opened with the sealing keys of
 * this installation: every call with one would fail. Rows stay as they are, so that the credential is
 * active again as soon as the keys are back.
 */
export function withOpenable(channel: Channel, sealer: Pick<Sealer, 'open'>): Channel {
  return {
    ...channel,
    credentials: channel.credentials.map((credential) => judge(credential, sealer)),
  }
}

function judge(credential: Credential, sealer: Pick<Sealer, 'open'>): Credential {
  if (credential.state !== 'active') return credential
  const why = whyClosed(credential, sealer)
  return why === undefined ? credential : { ...credential, state: 'attention', stateReason: why }
}

function whyClosed({ id, secret }: Credential, sealer: Pick<Sealer, 'open'>): string | undefined {
  try {
    sealer.open(credentialSecretBinding(id), secret)
    return undefined
  } catch {
    return (
      `its secret was sealed with the key ${secret.keyId} of SEALING_KEYS and does not open with the ` +
      'keys of this scheduler; set the SEALING_KEYS of before, or add the secret anew'
    )
  }
}

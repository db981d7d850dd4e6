import { onTestFinished } from 'vitest'

import type { StartedGateway } from '../identity/gateway.ts'
import { bearer, startGateway } from '../identity/gateway.ts'

export const KEYS = '/api/user/apikeys'

/** A gateway with the signed-in user Ada; it closes with its test. */
export async function openKeys() {
  const gateway = await startGateway()
  onTestFinished(gateway.close)
  return { gateway, ...keyActionsOf(gateway, bearer(await gateway.signIn())) }
}

/** The operations that a user has on their own keys. */
export function keyActionsOf({ send }: StartedGateway, headers: Record<string, string>) {
  return {
    make: (body: object = {}) => send('POST', KEYS, { body: { name: 'mine', ...body }, headers }),
    list: (query = '') => send('GET', `${KEYS}${query}`, { headers }),
    read: (keyId: unknown) => send('GET', `${KEYS}/${String(keyId)}`, { headers }),
    edit: (keyId: unknown, body: object) =>
      send('PATCH', `${KEYS}/${String(keyId)}`, { body, headers }),
    revoke: (keyId: unknown) => send('DELETE', `${KEYS}/${String(keyId)}`, { headers }),
  }
}

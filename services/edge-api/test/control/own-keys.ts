import { onTestFinished } from 'vitest'

import type { StartedGateway } from '../identity/visitor.ts'
import { bearer, startGateway } from '../identity/visitor.ts'

export const KEYS = '/api/user/apikeys'

/** Ada signed in at a door that closes with its test. */
export async function openKeys() {
  const gateway = await startGateway()
  onTestFinished(gateway.close)
  return { gateway, ...keyActionsOf(gateway, bearer(await gateway.signIn())) }
}

/** What a person may do with their keys. */
export function keyActionsOf({ ask }: StartedGateway, headers: Record<string, string>) {
  return {
    make: (body: object = {}) => ask('POST', KEYS, { body: { name: 'mine', ...body }, headers }),
    list: (query = '') => ask('GET', `${KEYS}${query}`, { headers }),
    read: (keyId: unknown) => ask('GET', `${KEYS}/${String(keyId)}`, { headers }),
    edit: (keyId: unknown, body: object) =>
      ask('PATCH', `${KEYS}/${String(keyId)}`, { body, headers }),
    revoke: (keyId: unknown) => ask('DELETE', `${KEYS}/${String(keyId)}`, { headers }),
  }
}

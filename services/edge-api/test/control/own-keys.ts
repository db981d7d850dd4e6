import { onTestFinished } from 'vitest'

import type { OpenDoor } from '../identity/visitor.ts'
import { bearer, openDoor } from '../identity/visitor.ts'

export const KEYS = '/api/user/apikeys'

/** Ada signed in at a door that closes with its test. */
export async function openKeys() {
  const door = await openDoor()
  onTestFinished(door.close)
  return { door, ...actsOf(door, bearer(await door.signIn())) }
}

/** What a person may do with their keys. */
export function actsOf({ ask }: OpenDoor, headers: Record<string, string>) {
  return {
    make: (body: object = {}) => ask('POST', KEYS, { body: { name: 'mine', ...body }, headers }),
    list: (query = '') => ask('GET', `${KEYS}${query}`, { headers }),
    read: (keyId: unknown) => ask('GET', `${KEYS}/${String(keyId)}`, { headers }),
    edit: (keyId: unknown, body: object) =>
      ask('PATCH', `${KEYS}/${String(keyId)}`, { body, headers }),
    revoke: (keyId: unknown) => ask('DELETE', `${KEYS}/${String(keyId)}`, { headers }),
  }
}

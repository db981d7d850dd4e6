import { seededRandom, systemRandom } from '@sluice/kernel/random'
import { assert, property, string } from 'fast-check'
import { expect, test } from 'vitest'

import { createSealer } from './aes-sealer.ts'
import type { Sealed, SealBinding } from './sealer.ts'
import { credentialSecretBinding } from './sealer.ts'

const random = seededRandom(7)
const keyOf = (keyId: string) => ({ keyId, key: random.bytes(32) })
const [oldKey, newKey] = [keyOf('k1'), keyOf('k2')]
const sealer = createSealer({ keys: [newKey, oldKey], random: systemRandom })
const place = credentialSecretBinding('cred_1')

const broken = (change: (bytes: Buffer) => Buffer, sealed: Sealed): Sealed => ({
  ...sealed,
  box: change(Buffer.from(sealed.box, 'base64')).toString('base64'),
})

test('what was sealed opens in its own place, whatever it is', () => {
  const anyText = string({ unit: 'binary' })
  const roundTrip = property(anyText, anyText, (secret, rowId) => {
    const here = { table: 'credentials', column: 'secret', rowId }
    expect(sealer.open(here, sealer.seal(here, secret))).toBe(secret)
  })
  assert(roundTrip)
})

test('a box does not show its secret, and sealing twice gives two boxes', () => {
  const [one, other] = [sealer.seal(place, 'sk-hunter2'), sealer.seal(place, 'sk-hunter2')]
  expect(one.box).not.toBe(other.box)
  expect(Buffer.from(one.box, 'base64').toString('latin1')).not.toContain('hunter2')
})

test('a box that was moved to another table, column or row does not open', () => {
  const sealed = sealer.seal(place, 'sk-hunter2')
  const elsewhere: SealBinding[] = [
    { ...place, table: 'channels' },
    { ...place, column: 'refresh' },
    { ...place, rowId: 'cred_2' },
    // The same letters, cut elsewhere.
    { table: 'credentialss', column: 'ecret', rowId: 'cred_1' },
    { table: 'credentials', column: 'secretc', rowId: 'red_1' },
  ]
  for (const there of elsewhere) {
    expect(() => sealer.open(there, sealed)).toThrow('damaged, or was sealed for another place')
  }
})

test('a box of which a single bit changed does not open', () => {
  const sealed = sealer.seal(place, 'sk')
  const bits = Buffer.from(sealed.box, 'base64').length * 8
  for (let bit = 0; bit < bits; bit += 1) {
    const flip = (bytes: Buffer) => {
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      return bytes
    }
    expect(() => sealer.open(place, broken(flip, sealed))).toThrow('cannot be opened')
  }
})

test('a box that was cut short does not open', () => {
  const sealed = sealer.seal(place, 'sk-hunter2')
  for (let length = 0; length < Buffer.from(sealed.box, 'base64').length; length += 1) {
    const cut = broken((bytes) => bytes.subarray(0, length), sealed)
    expect(() => sealer.open(place, cut)).toThrow('cannot be opened')
  }
})

test('a box of a key that we do not have, or under the name of another key, does not open', () => {
  const sealed = sealer.seal(place, 'sk-hunter2')
  expect(() => sealer.open(place, { ...sealed, keyId: 'k9' })).toThrow(
    'no sealing key has the id k9',
  )
  expect(() => sealer.open(place, { ...sealed, keyId: 'k1' })).toThrow('cannot be opened')
})

test('a refused box is our fault, and its error does not tell the secret', () => {
  const sealed = sealer.seal(place, 'sk-hunter2')
  let thrown: unknown
  try {
    sealer.open({ ...place, rowId: 'cred_2' }, sealed)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toMatchObject({ code: 'internal_error' })
  expect(String(thrown)).not.toContain('hunter2')
})

test('after a rotation old boxes open and are stale, new ones are sealed with the new key', () => {
  const before = createSealer({ keys: [oldKey], random: systemRandom })
  const sealed = before.seal(place, 'sk-hunter2')
  expect(before.isStale(sealed)).toBe(false)
  expect(sealer.isStale(sealed)).toBe(true)
  expect(sealer.open(place, sealed)).toBe('sk-hunter2')
  const anew = sealer.seal(place, sealer.open(place, sealed))
  expect(anew.keyId).toBe('k2')
  expect(sealer.isStale(anew)).toBe(false)
  expect(() => before.open(place, anew)).toThrow('no sealing key has the id k2')
})

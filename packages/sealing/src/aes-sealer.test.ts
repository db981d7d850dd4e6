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
const binding = credentialSecretBinding('cred_1')

const broken = (change: (bytes: Buffer) => Buffer, sealed: Sealed): Sealed => ({
  ...sealed,
  box: change(Buffer.from(sealed.box, 'base64')).toString('base64'),
})

test('any secret opens with the binding it was sealed with', () => {
  const anyText = string({ unit: 'binary' })
  const roundTrip = property(anyText, anyText, (secret, rowId) => {
    const binding = { table: 'credentials', column: 'secret', rowId }
    expect(sealer.open(binding, sealer.seal(binding, secret))).toBe(secret)
  })
  assert(roundTrip)
})

test('a box does not contain its secret, and sealing twice gives different boxes', () => {
  const [one, other] = [sealer.seal(binding, 'sk-hunter2'), sealer.seal(binding, 'sk-hunter2')]
  expect(one.box).not.toBe(other.box)
  expect(Buffer.from(one.box, 'base64').toString('latin1')).not.toContain('hunter2')
})

test('a box that was moved to another table, column or row cannot be opened', () => {
  const sealed = sealer.seal(binding, 'sk-hunter2')
  const otherBindings: SealBinding[] = [
    { ...binding, table: 'channels' },
    { ...binding, column: 'refresh' },
    { ...binding, rowId: 'cred_2' },
    // The same characters with other boundaries between the parts.
    { table: 'credentialss', column: 'ecret', rowId: 'cred_1' },
    { table: 'credentials', column: 'secretc', rowId: 'red_1' },
  ]
  for (const other of otherBindings) {
    expect(() => sealer.open(other, sealed)).toThrow('damaged, or bound to another row or column')
  }
})

test('a box with a single changed bit cannot be opened', () => {
  const sealed = sealer.seal(binding, 'sk')
  const bits = Buffer.from(sealed.box, 'base64').length * 8
  for (let bit = 0; bit < bits; bit += 1) {
    const flip = (bytes: Buffer) => {
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      return bytes
    }
    expect(() => sealer.open(binding, broken(flip, sealed))).toThrow('cannot be opened')
  }
})

test('a truncated box cannot be opened', () => {
  const sealed = sealer.seal(binding, 'sk-hunter2')
  for (let length = 0; length < Buffer.from(sealed.box, 'base64').length; length += 1) {
    const cut = broken((bytes) => bytes.subarray(0, length), sealed)
    expect(() => sealer.open(binding, cut)).toThrow('cannot be opened')
  }
})

test('a box of an unknown key, or with the id of another key, cannot be opened', () => {
  const sealed = sealer.seal(binding, 'sk-hunter2')
  expect(() => sealer.open(binding, { ...sealed, keyId: 'k9' })).toThrow(
    'no sealing key has the id k9',
  )
  expect(() => sealer.open(binding, { ...sealed, keyId: 'k1' })).toThrow('cannot be opened')
})

test('a box that cannot be opened is an internal error, which does not contain the secret', () => {
  const sealed = sealer.seal(binding, 'sk-hunter2')
  let thrown: unknown
  try {
    sealer.open({ ...binding, rowId: 'cred_2' }, sealed)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toMatchObject({ code: 'internal_error' })
  expect(String(thrown)).not.toContain('hunter2')
})

test('after a rotation old boxes open and are stale, and the new key seals', () => {
  const before = createSealer({ keys: [oldKey], random: systemRandom })
  const sealed = before.seal(binding, 'sk-hunter2')
  expect(before.isStale(sealed)).toBe(false)
  expect(sealer.isStale(sealed)).toBe(true)
  expect(sealer.open(binding, sealed)).toBe('sk-hunter2')
  const resealed = sealer.seal(binding, sealer.open(binding, sealed))
  expect(resealed.keyId).toBe('k2')
  expect(sealer.isStale(resealed)).toBe(false)
  expect(() => before.open(binding, resealed)).toThrow('no sealing key has the id k2')
})

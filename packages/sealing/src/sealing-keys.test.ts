import { seededRandom } from '@sluice/kernel/random'
import { expect, test } from 'vitest'

import { checkSealingKeys, parseSealingKeys } from './sealing-keys.ts'

const random = seededRandom(3)
const encoded = (bytes = 32) => Buffer.from(random.bytes(bytes)).toString('base64')

test('keys are parsed in order, with or without padding', () => {
  const [one, other] = [encoded(), encoded()]
  const keys = parseSealingKeys(`k2:${one}, k1:${other.replace(/=+$/, '')}`)
  expect(keys.map(({ keyId }) => keyId)).toEqual(['k2', 'k1'])
  expect(keys.map(({ key }) => Buffer.from(key).toString('base64'))).toEqual([one, other])
})

test('an invalid list of keys is refused with the number of the entry, without its bytes', () => {
  const good = `k1:${encoded()}`
  const refused: [string, string][] = [
    ['', 'entry 1 is not'],
    [encoded(), 'entry 1 is not'],
    [`${good},k2`, 'entry 2 is not'],
    [`${good},`, 'entry 2 is not'],
    [`k1:hunter2!hunter2`, 'entry 1 is not'],
    [`k1:a:b`, 'entry 1 is not'],
    [`k1:${encoded(31)}`, 'sealing key k1 must have 32 bytes'],
    [`k1:${encoded(33)}`, 'sealing key k1 must have 32 bytes'],
    [`k 1:${encoded()}`, 'the id of sealing key 1'],
    [`${good},${good}`, 'two sealing keys have the id k1'],
    [`${good},k2:${good.slice(3)}`, 'sealing key k2 repeats another one'],
    [`k1:${Buffer.alloc(32, 'ab').toString('base64')}`, 'sealing key k1 is not random'],
  ]
  for (const [text, why] of refused) {
    expect(() => parseSealingKeys(text)).toThrow(why)
    expect(() => parseSealingKeys(text)).not.toThrow(/hunter2/)
  }
})

test('an empty list of keys is refused', () => {
  expect(() => checkSealingKeys([])).toThrow('at least one sealing key')
})

import type { IncomingMessage } from 'node:http'

import { AppError } from '@sluice/kernel/app-error'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { LRUCache } from 'lru-cache'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { keyHash } from './key-hash.ts'
import { memoryKeyStore } from '../store/memory-key-store.ts'
import type { NewKey } from '../store/user-api-key-repository.ts'
import { sampleKey } from '../testing/sample-user.ts'
import { createAuthenticator } from './authenticate.ts'
import { createGuessLimit } from './guess-limit.ts'
import { callerAddress, fullCallerAddress, readApiKey } from './read-credentials.ts'

const pepper = Buffer.alloc(32, 7).toString('base64')
const hashed = keyHash(pepper)
const APIKEY = 'sk-test-0123456789'
const ADDRESS = '192.0.2.1'

async function rig(key: Partial<NewKey> = {}) {
  const clock = fakeClock()
  const store = memoryKeyStore()
  await store.insertKey(sampleKey({ hash: hashed(APIKEY), rpmLimit: 60, models: ['a'], ...key }))
  const fixture = { reads: 0, broken: false, beforeRead: async () => {} }
  const findByHash = async (hash: string) => {
    fixture.reads += 1
    if (fixture.broken) throw new AppError('unavailable', 'unavailable')
    const found = await store.findByHash(hash)
    await fixture.beforeRead()
    return found
  }
  const log = recordedLog()
  const deps = {
    keyStore: { findByHash },
    keyHash: hashed,
    guesses: createGuessLimit(),
    clock,
    log,
  }
  return { clock, store, fixture, log, deps, authenticator: createAuthenticator(deps) }
}

const wrong = { code: 'invalid_api_key' }

describe('authenticating', () => {
  it('reads a key once and then decides in memory', async () => {
    const { authenticator, fixture } = await rig()
    expect(authenticator.find(APIKEY)).toBeUndefined()
    const principal = await authenticator.lookUp(APIKEY, ADDRESS)
    expect(principal).toMatchObject({ apiKeyId: 'key_1', wallet: 'wal_1', rpmLimit: 60 })
    expect(principal.models?.has('a')).toBe(true)
    expect(authenticator.find(APIKEY)).toBe(principal)
    expect(fixture.reads).toBe(1)
  })

  it('queries the database once for a thousand concurrent requests', async () => {
    const { authenticator, fixture } = await rig()
    await Promise.all(Array.from({ length: 1_000 }, () => authenticator.lookUp(APIKEY, ADDRESS)))
    expect(fixture.reads).toBe(1)
  })

  it('refuses unknown, revoked and expired keys with the same error', async () => {
    const { authenticator, store, clock } = await rig({
      expiresAt: new Date('2026-01-01T01:00:00Z'),
    })
    await expect(authenticator.lookUp('sk-unknown-key', ADDRESS)).rejects.toMatchObject(wrong)
    await authenticator.lookUp(APIKEY, ADDRESS)
    await clock.advance(3_600_000)
    expect(authenticator.find(APIKEY)).toBeUndefined()
    await expect(authenticator.lookUp(APIKEY, ADDRESS)).rejects.toMatchObject(wrong)
    await store.revokeKey({ id: 'key_1', at: clock.now() })
    await expect(authenticator.lookUp(APIKEY, ADDRESS)).rejects.toMatchObject(wrong)
  })

  it('invalidates a revoked key as soon as the event arrives', async () => {
    const { authenticator, store, clock } = await rig()
    await authenticator.lookUp(APIKEY, ADDRESS)
    await store.revokeKey({ id: 'key_1', at: clock.now() })
    authenticator.invalidate(['key_1'])
    expect(authenticator.find(APIKEY)).toBeUndefined()
    await expect(authenticator.lookUp(APIKEY, ADDRESS)).rejects.toMatchObject(wrong)
  })

  it('invalidates the changed keys only, also after a refresh, without reading the others', async () => {
    const { authenticator, store, clock, fixture } = await rig()
    const others = Array.from({ length: 100 }, (_, index) => `sk-other-${index}`)
    for (const [index, other] of others.entries()) {
      await store.insertKey(sampleKey({ id: `other_${index}`, hash: hashed(other) }))
      await authenticator.lookUp(other, ADDRESS)
    }
    await authenticator.lookUp(APIKEY, ADDRESS)
    await clock.advance(30_001)
    const before = fixture.reads
    authenticator.find(APIKEY)
    await clock.advance(0)
    expect(fixture.reads).toBe(before + 1)
    const scan = vi.spyOn(LRUCache.prototype, 'entries')
    onTestFinished(() => scan.mockRestore())
    authenticator.invalidate(['key_1', 'unknown'])
    expect(scan).not.toHaveBeenCalled()
    expect(authenticator.find(APIKEY)).toBeUndefined()
    expect(others.filter((other) => !authenticator.find(other))).toEqual([])
    await authenticator.lookUp(APIKEY, ADDRESS)
    authenticator.invalidate(['key_1'])
    expect(authenticator.find(APIKEY)).toBeUndefined()
  })

  it('does not cache a key that was revoked while it was read', async () => {
    const { authenticator, store, clock, fixture } = await rig()
    fixture.beforeRead = async () => {
      fixture.beforeRead = async () => {}
      await store.revokeKey({ id: 'key_1', at: clock.now() })
      authenticator.invalidate(['key_1'])
    }
    await expect(authenticator.lookUp(APIKEY, ADDRESS)).rejects.toMatchObject(wrong)
    expect(authenticator.find(APIKEY)).toBeUndefined()
  })

  it('notices a revocation within half a minute when the event was lost', async () => {
    const { authenticator, store, clock } = await rig()
    await authenticator.lookUp(APIKEY, ADDRESS)
    await store.revokeKey({ id: 'key_1', at: clock.now() })
    await clock.advance(30_000)
    expect(authenticator.find(APIKEY)).toBeDefined()
    await clock.advance(1)
    expect(authenticator.find(APIKEY)).toBeUndefined()
  })

  it('serves cached keys for five minutes while the database is unavailable, and no others', async () => {
    const { authenticator, clock, fixture, log } = await rig()
    await authenticator.lookUp(APIKEY, ADDRESS)
    fixture.broken = true
    await clock.advance(299_000)
    expect(authenticator.find(APIKEY)).toBeDefined()
    await clock.advance(2_000)
    expect(authenticator.find(APIKEY)).toBeUndefined()
    const unavailable = { code: 'unavailable' }
    await expect(authenticator.lookUp(APIKEY, ADDRESS)).rejects.toMatchObject(unavailable)
    await expect(authenticator.lookUp('sk-unknown-key', ADDRESS)).rejects.toMatchObject(unavailable)
    expect(log.lines.every(({ level }) => level === 'warn')).toBe(true)
  })

  it('caches unknown keys for ten seconds', async () => {
    const { authenticator, clock, fixture } = await rig()
    const guess = () => authenticator.lookUp('sk-unknown-key', ADDRESS)
    for (let tries = 0; tries < 5; tries += 1) await expect(guess()).rejects.toMatchObject(wrong)
    expect(fixture.reads).toBe(1)
    await clock.advance(10_000)
    await expect(guess()).rejects.toMatchObject(wrong)
    expect(fixture.reads).toBe(2)
  })

  it('answers repeated wrong keys with 429, and still accepts every valid key', async () => {
    const { authenticator, deps, clock } = await rig()
    const guess = (n: number, address = ADDRESS) => authenticator.lookUp(`sk-guess-${n}`, address)
    for (let n = 0; n < 20; n += 1) await expect(guess(n)).rejects.toMatchObject(wrong)
    const slowed = { code: 'rate_limit_exceeded', retryAfterMs: expect.any(Number) }
    for (let n = 20; n < 500; n += 1) await expect(guess(n)).rejects.toMatchObject(slowed)
    const fresh = createAuthenticator(deps)
    for (let n = 0; n < 30; n += 1) await fresh.lookUp(`sk-guess-${n}`, ADDRESS).catch(() => 0)
    expect(fresh.find(APIKEY)).toBeUndefined()
    expect(await fresh.lookUp(APIKEY, ADDRESS)).toMatchObject({ apiKeyId: expect.any(String) })
    await expect(guess(501, '192.0.2.2')).rejects.toMatchObject(wrong)
    await clock.advance(30_000)
    await expect(guess(502)).rejects.toMatchObject(wrong)
    await expect(guess(503)).rejects.toMatchObject(slowed)
  })
})

describe('the key in a request', () => {
  it.each([
    [{ authorization: `Bearer ${APIKEY}` }, APIKEY],
    [{ authorization: `bearer   ${APIKEY} ` }, APIKEY],
    [{ 'x-api-key': APIKEY }, APIKEY],
    [{ authorization: 'Basic dXNlcjpwYXNz', 'x-api-key': APIKEY }, APIKEY],
    [{ authorization: `Bearer ${APIKEY} x` }, undefined],
    [{ authorization: 'Bearer ' }, undefined],
    [{ authorization: 'Bearer short' }, undefined],
    [{ authorization: `Bearer ${'x'.repeat(513)}` }, undefined],
    [{}, undefined],
  ])('%j', (headers, expected) => {
    expect(readApiKey(headers)).toBe(expected)
  })
})

describe('where a request came from', () => {
  const incoming = (remoteAddress: string, forwarded?: string) =>
    ({
      socket: { remoteAddress },
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    }) as unknown as IncomingMessage

  it('is the socket address, whatever the caller claims, unless trusted proxies are in front', () => {
    expect(callerAddress(incoming('10.0.0.1', '6.6.6.6'), 0)).toBe('10.0.0.1')
    expect(callerAddress(incoming('10.0.0.1', '6.6.6.6, 203.0.113.9'), 1)).toBe('203.0.113.9')
    expect(callerAddress(incoming('10.0.0.1', '6.6.6.6, 203.0.113.9, 10.0.0.2'), 2)).toBe(
      '203.0.113.9',
    )
    expect(callerAddress(incoming('10.0.0.1'), 1)).toBe('10.0.0.1')
  })

  it('is the same for every port that a proxy adds', () => {
    for (const port of [1, 4711, 65_535]) {
      expect(callerAddress(incoming('10.0.0.1', `203.0.113.9:${port}`), 1)).toBe('203.0.113.9')
      const six = `[2001:db8:1:2::9]:${port}`
      expect(callerAddress(incoming('10.0.0.1', six), 1)).toBe('2001:db8:1:2')
      expect(fullCallerAddress(incoming('10.0.0.1', six), 1)).toBe('2001:db8:1:2::9')
    }
  })

  it('is the /64 network of an IPv6 address', () => {
    expect(callerAddress(incoming('2001:db8:1:2:aaaa::1'), 0)).toBe('2001:db8:1:2')
    expect(callerAddress(incoming('2001:db8:1:2:bbbb:0:0:9'), 0)).toBe('2001:db8:1:2')
    expect(callerAddress(incoming('2001:db8::9'), 0)).toBe('2001:db8:0:0')
    expect(callerAddress(incoming('::1'), 0)).toBe('0:0:0:0')
    expect(callerAddress(incoming('::ffff:192.0.2.1'), 0)).toBe('::ffff:192.0.2.1')
  })
})

describe('the stored hash', () => {
  it('depends on the pepper, and a short pepper is refused', () => {
    const other = keyHash(Buffer.alloc(32, 8).toString('base64'))
    expect(hashed(APIKEY)).toMatch(/^[0-9a-f]{64}$/)
    expect(other(APIKEY)).not.toBe(hashed(APIKEY))
    expect(() => keyHash('c2hvcnQ=')).toThrow(/pepper/)
  })
})

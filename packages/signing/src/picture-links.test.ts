import { systemClock } from '@sluice/kernel/clock'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import type { PictureLinks } from './picture-link.ts'
import { parseSigningKeys } from './parse-signing-keys.ts'
import { createPictureLinks } from './picture-links.ts'

const task = `img_${'0123456789abcdef'.repeat(2)}`
const other = `img_${'fedcba9876543210'.repeat(2)}`
const older = { id: 'k1', secret: 'an older secret that is long enough to sign with' }
const newer = { id: 'k2', secret: 'a newer secret that is long enough to sign with, too' }
const HOUR_MS = 3_600_000

const make = (keys = [newer, older], clock = fakeClock()) => ({
  clock,
  links: createPictureLinks({ baseUrl: 'https://sluice.example', keys, clock }),
})

test('a link is valid until its expiry and expired afterwards', () => {
  const { clock, links } = make()
  const url = links.sign({ task, index: 3 }, new Date(clock.nowMs() + HOUR_MS))
  expect(url).toMatch(
    new RegExp(`^https://sluice\\.example/p/img/${task}/3\\?exp=\\d+&sig=[0-9a-f]+$`),
  )
  expect(open(links, url, clock.now())).toBe('valid')
  expect(open(links, url, new Date(clock.nowMs() + HOUR_MS + 61_000))).toBe('expired')
})

test('a link is accepted by a server whose clock is a minute ahead or behind', () => {
  const { clock, links } = make()
  const url = links.sign({ task, index: 0 }, new Date(clock.nowMs() + HOUR_MS))
  for (const skewMs of [-60_000, -1, 0, 1, 60_000]) {
    expect(open(links, url, new Date(clock.nowMs() + HOUR_MS + skewMs))).toBe('valid')
  }
})

test('a base URL keeps its path, and the signature does not depend on it', () => {
  const { clock, links } = make()
  const behind = createPictureLinks({
    baseUrl: 'https://sluice.example/gateway/',
    keys: [newer],
    clock,
  })
  const url = behind.sign({ task, index: 0 }, new Date(clock.nowMs() + HOUR_MS))
  expect(url).toContain('https://sluice.example/gateway/p/img/')
  expect(open(links, url.replace('/gateway', ''), clock.now())).toBe('valid')
})

test('after a key rotation old links stay valid while the old key is configured', () => {
  const { clock, links: before } = make([older])
  const url = before.sign({ task, index: 0 }, new Date(clock.nowMs() + HOUR_MS))
  expect(open(make([newer, older], clock).links, url, clock.now())).toBe('valid')
  expect(open(make([newer], clock).links, url, clock.now())).toBe('forged')
  const fresh = make([newer, older], clock).links.sign(
    { task, index: 0 },
    new Date(clock.nowMs() + HOUR_MS),
  )
  expect(open(before, fresh, clock.now())).toBe('forged')
})

test('a link signed with the same key id and another secret is forged', () => {
  const { clock, links } = make([older])
  const impostor = make([{ id: older.id, secret: newer.secret }], clock).links
  const url = impostor.sign({ task, index: 0 }, new Date(clock.nowMs() + HOUR_MS))
  expect(open(links, url, clock.now())).toBe('forged')
})

test('weak, repeated or missing keys are rejected', () => {
  const from = (keys: { id: string; secret: string }[]) => () =>
    createPictureLinks({ baseUrl: 'http://localhost:8080', keys })
  expect(from([])).toThrow('a signing key is needed')
  expect(from([{ id: 'k1', secret: 'short' }])).toThrow('32 bytes')
  expect(from([older, { ...newer, id: 'k1' }])).toThrow('must differ')
  expect(from([{ ...older, id: 'Not An Id' }])).toThrow('key id')
})

test('keys are parsed from text, and the error for a malformed one has its position only', () => {
  const secrets = [older, newer].map(({ secret }) => Buffer.from(secret).toString('base64'))
  const keys = parseSigningKeys(`k1:${secrets[0]}, k2:${secrets[1]}`)
  const clock = fakeClock()
  const url = make([older], clock).links.sign({ task, index: 0 }, new Date(clock.nowMs() + 1_000))
  const links = createPictureLinks({ baseUrl: 'http://localhost', keys, clock })
  expect(open(links, url, clock.now())).toBe('valid')
  for (const text of ['', 'k1', 'k1:', ':abc', 'K1:abc', `k1:${secrets[0]},`, 'k1:a$b'])
    expect(() => parseSigningKeys(text)).toThrow(/^signing key [12] must be id:base64$/)
})

test('a link for more than seven days, or for anything but a picture of a job, is not signed', () => {
  const { clock, links } = make()
  const week = new Date(clock.nowMs() + 7 * 24 * HOUR_MS)
  expect(open(links, links.sign({ task, index: 0 }, week), clock.now())).toBe('valid')
  expect(() => links.sign({ task, index: 0 }, new Date(week.getTime() + 1_000))).toThrow('7 days')
  expect(() => links.sign({ task, index: 0 }, new Date(Number.NaN))).toThrow('is a date')
  expect(() => links.sign({ task: '../etc', index: 0 }, week)).toThrow('picture of a job')
  expect(() => links.sign({ task, index: -1 }, week)).toThrow('picture of a job')
})

const { clock, links } = make([newer, older])
const good = parts(links.sign({ task, index: 1 }, new Date(clock.nowMs() + HOUR_MS)))
const hexDigit = fc.constantFrom(...'0123456789abcdef')

/** Ways to alter a link; each gives a link without a valid signature. */
const mutations: Record<string, fc.Arbitrary<Parts>> = {
  'a digit of the signature changed': fc
    .tuple(fc.nat(good.sig.length - 1), hexDigit)
    .map(([at, digit]) => ({ ...good, sig: replaceAt(good.sig, at, digit) })),
  'the signature cut': fc
    .nat(good.sig.length - 1)
    .map((length) => ({ ...good, sig: good.sig.slice(0, length) })),
  'the signature extended or in another spelling': fc
    .tuple(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }))
    .map(([front, back]) => ({ ...good, sig: `${front}${good.sig}${back}` })),
  'the signature in capitals': fc.constant({ ...good, sig: good.sig.toUpperCase() }),
  'another key id in front': fc
    .string({ minLength: 0, maxLength: 16 })
    .map((id) => ({ ...good, sig: Buffer.from(id).toString('hex') + good.sig.slice(-64) })),
  'a made-up signature': fc
    .array(hexDigit, { minLength: 64, maxLength: 64 })
    .map((digits) => ({ ...good, sig: good.sig.slice(0, 4) + digits.join('') })),
  'another expiry': fc
    .oneof(
      fc.integer({ min: -10, max: 4_000_000_000 }).map(String),
      fc.constantFrom('', '0', '-1', '9007199254740992', '9007199254740993', '1e10', 'NaN', '0x7f'),
      fc.constantFrom(
        `${good.exp}.0`,
        `0${good.exp}`,
        `+${good.exp}`,
        ` ${good.exp}`,
        `${good.exp} `,
      ),
      fc.nat(99).map((digits) => `${good.exp}${digits}`),
    )
    .map((exp) => ({ ...good, exp })),
  'another picture of the job': fc
    .oneof(fc.nat(200).map(String), fc.constantFrom('', '01', '1.0', '+1', '1 ', '1/', '%31', '١'))
    .map((index) => ({ ...good, index })),
  'another job': fc
    .oneof(
      fc.tuple(fc.integer({ min: 4, max: 35 }), hexDigit).map(([at, d]) => replaceAt(task, at, d)),
      fc.constantFrom(
        other,
        `${task}/../${other}`,
        `${task}%00`,
        task.toUpperCase(),
        `${task}a`,
        '',
      ),
      fc.string(),
    )
    .map((changed) => ({ ...good, task: changed })),
  'a field left out': fc.constantFrom<Parts>(
    { ...good, exp: undefined },
    { ...good, sig: undefined },
  ),
  'swapped fields': fc.constantFrom<Parts>(
    { ...good, exp: good.sig, sig: good.exp },
    { ...good, task: good.index, index: good.task },
  ),
}

test('of 60,000 mutated links none is accepted', () => {
  const mutated = fc.oneof(...Object.values(mutations)).filter((link) => !same(link, good))
  fc.assert(
    fc.property(mutated, (link) => {
      expect(links.check(link, link, clock.now())).toBe('forged')
    }),
    { numRuns: 60_000, seed: 20_261_121 },
  )
})

test('a link signed with the system clock is valid at once', () => {
  const running = createPictureLinks({ baseUrl: 'http://localhost:8080', keys: [newer] })
  const url = running.sign({ task, index: 9 }, new Date(systemClock.nowMs() + HOUR_MS))
  expect(open(running, url, systemClock.now())).toBe('valid')
})

interface Parts {
  task: string
  index: string
  exp: string | undefined
  sig: string | undefined
}

function parts(url: string) {
  const { pathname, searchParams } = new URL(url)
  const [, , , task = '', index = ''] = pathname.split('/')
  return {
    task,
    index,
    exp: searchParams.get('exp') ?? '',
    sig: searchParams.get('sig') ?? '',
  }
}

function open(links: PictureLinks, url: string, now: Date) {
  const link = parts(url)
  return links.check(link, link, now)
}

const replaceAt = (text: string, at: number, digit: string) =>
  text.slice(0, at) + digit + text.slice(at + 1)

const same = (a: Parts, b: Parts) =>
  a.task === b.task && a.index === b.index && a.exp === b.exp && a.sig === b.sig

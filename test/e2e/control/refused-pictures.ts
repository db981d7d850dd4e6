import { readdir } from 'node:fs/promises'

import sharp from 'sharp'
import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import { queryDatabase } from '../harness/ledger.ts'
import type { TestUser } from './pictures-scene.ts'
import { gatewaysOf, holdsOf, listed, newTestUser, small } from './pictures-scene.ts'
import type { Poured } from './pour-body.ts'
import { pourBody } from './pour-body.ts'

const MIB = 1024 * 1024
const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')

interface Refusal {
  status: number
  error: { message: string; code: string; param: string | null }
}

/** What cannot be drawn is refused by a sentence; nothing is held for it, and nothing of it stays. */
export async function refusedPictures(context: Context): Promise<void> {
  const testUser = await newTestUser(context, { name: 'refused' })
  const poor = await newTestUser(context, { name: 'penniless', giftMicro: 0n })
  const good = { ...small, prompt: 'never drawn' }
  const png = await square()

  for (const gateway of gatewaysOf(context)) {
    const broke = await refusal(json(gateway, poor, good))
    expect(broke).toMatchObject({ status: 402, error: { code: 'insufficient_credit' } })
    expect(broke.error.message).toMatch(/may cost up to [\d.]+ credits; 0 are available/)
    const withPicture = form(gateway, poor, { fields: good, files: [['image[]', 'a.png', png]] })
    expect((await refusal(withPicture)).status).toBe(402)
  }
  const [, gateway] = gatewaysOf(context)
  for (const [fields, expected] of wrongFields) {
    const told = await refusal(json(gateway, testUser, { ...good, ...fields }))
    expect(told, JSON.stringify(fields).slice(0, 200)).toMatchObject(expected)
    // A form is refused for the same reasons, after its picture has arrived.
    const texts = Object.fromEntries(
      Object.entries({ ...good, ...fields }).map(([name, value]) => [name, String(value)]),
    )
    const files: SentFile[] = [['image[]', 'a.png', png]]
    expect(await refusal(form(gateway, testUser, { fields: texts, files }))).toMatchObject(expected)
  }
  await expectPicturesRefused(gateway, testUser)
  await expectTooLarge(gateway, testUser)

  for (const somebody of [testUser, poor]) {
    expect(await holdsOf(context, somebody)).toEqual([])
    expect(
      await queryDatabase(context, 'select id from image_jobs where wallet = $1', [
        somebody.wallet,
      ]),
    ).toEqual([])
    expect((await listed(gateway, somebody)).items).toEqual([])
  }
  // What is half written is removed a moment after the answer.
  await eventually(async () => ((await orphansOf(context)).length === 0 ? true : undefined))
}

const invalid = (param: string, code = 'invalid_value') => ({
  status: 400,
  error: { param, code },
})
const wrongFields: [Record<string, unknown>, object][] = [
  [{ model: 'no-such-model' }, { status: 404, error: { code: 'model_not_found', param: 'model' } }],
  [{ model: 'gpt-4o-mini' }, invalid('model', 'unsupported_parameter')],
  [{ size: '99999x99999' }, invalid('size')],
  [{ size: '0x0' }, invalid('size')],
  [{ size: '16x3840' }, invalid('size')],
  [{ size: '3840x3840' }, invalid('size')],
  [{ size: '1e9x1e9' }, invalid('size')],
  [{ size: `${'9'.repeat(400)}x1` }, invalid('size')],
  [{ n: 1_000_000 }, invalid('n')],
  [{ prompt: 'x'.repeat(32_001) }, invalid('prompt')],
]

/** No picture at all, or one that promises more pixels than anybody can bear. */
async function expectPicturesRefused(gateway: Context, testUser: TestUser): Promise<void> {
  const fields = { ...small, prompt: 'never drawn' }
  const damaged = { status: 400, error: { code: 'invalid_image' } }
  const png = await square()
  const vast = Buffer.from(png)
  vast.writeUInt32BE(100_000, 16)
  vast.writeUInt32BE(100_000, 20)
  for (const bytes of [SVG, vast, Buffer.alloc(0), Buffer.from('GIF89a'.padEnd(64))]) {
    // Behind a good one, which is stored by then.
    const files: SentFile[] = [
      ['image[]', 'good.png', png],
      ['image[]', 'drawing.png', bytes],
    ]
    const told = await refusal(form(gateway, testUser, { fields, files }))
    expect(told, bytes.toString('latin1', 0, 40)).toMatchObject(damaged)
    expect(told.error.message).toMatch(/^'image' (is|has) .*\.$/)
  }
  const named = [`data:image/svg+xml;base64,${SVG.toString('base64')}`]
  const sources = [`data:image/png;base64,${png.toString('base64')}`, ...named]
  const told = await refusal(json(gateway, testUser, { ...fields, reference_images: sources }))
  expect(told).toMatchObject(damaged)
  expect(told.error.param).toBe('reference_images[1]')
}

/** A hundred megabytes: announced, or poured in without a word. */
async function expectTooLarge({ running }: Context, { session }: TestUser): Promise<void> {
  const pour = { url: `${running.baseUrl}/api/user/images`, token: session, bytes: 100 * MIB }
  const boundary = 'of-the-form'
  const type = `multipart/form-data; boundary=${boundary}`
  const head = Buffer.concat([
    Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="image[]"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n`,
    ),
    (await square()).subarray(0, 33),
  ])
  const announced = { ...pour, type: 'application/json', head: Buffer.from('{"prompt":"') }
  for (const [input, what] of [
    [{ ...announced, isAnnounced: true }, 'JSON, announced'],
    [{ ...announced, isAnnounced: false }, 'JSON'],
    [{ ...pour, type, head, isAnnounced: true, bytes: 101 * MIB }, 'form, announced'],
    [{ ...pour, type, head, isAnnounced: false }, 'form'],
  ] as const) {
    const told = parsed(await pourBody(input))
    expect(told, what).toMatchObject({ status: 413, error: { code: 'body_too_large' } })
    expect(told.error.message, what).toMatch(/\d+ bytes/)
  }
}

function json({ running }: Context, { session }: TestUser, body: object): Promise<Response> {
  return fetch(`${running.baseUrl}/api/user/images`, {
    method: 'POST',
    headers: { authorization: `Bearer ${session}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

/** A field, its file's name, and the bytes. */
type SentFile = [field: string, name: string, bytes: Buffer]

function form(
  { running }: Context,
  { session }: TestUser,
  { fields, files }: { fields: Record<string, string>; files: SentFile[] },
): Promise<Response> {
  const body = new FormData()
  for (const [field, name, bytes] of files)
    body.append(field, new File([new Uint8Array(bytes)], name, { type: 'image/png' }))
  for (const [name, value] of Object.entries(fields)) body.append(name, value)
  const headers = { authorization: `Bearer ${session}` }
  return fetch(`${running.baseUrl}/api/user/images`, { method: 'POST', headers, body })
}

async function refusal(sent: Promise<Response>): Promise<Refusal> {
  const answer = await sent
  return parsed({ status: answer.status, text: await answer.text() })
}

function parsed({ status, text }: Poured): Refusal {
  // What the envelope says; a wrong shape fails the expectation.
  const { error } = JSON.parse(text) as Pick<Refusal, 'error'>
  return { status, error }
}

/** Files that are no blob yet, and blobs of jobs that do not exist. */
async function orphansOf(context: Context): Promise<string[]> {
  const { blobDir } = context.running
  const entries = await readdir(blobDir, { recursive: true, withFileTypes: true })
  const rows = await queryDatabase<{ id: string }>(context, 'select id from image_jobs')
  const jobs = new Set(rows.map(({ id }) => id))
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
  return files.filter((name) => !jobs.has(/^jobs,([^,]+),/.exec(name)?.[1] ?? ''))
}

const square = () =>
  sharp({ create: { width: 64, height: 64, channels: 3, background: 'teal' } })
    .png()
    .toBuffer()

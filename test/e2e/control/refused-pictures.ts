import { readdir } from 'node:fs/promises'

import sharp from 'sharp'
import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import { queryDatabase } from '../harness/ledger.ts'
import type { TestUser } from './pictures-fixture.ts'
import { gatewaysOf, holdsOf, listed, newTestUser, small } from './pictures-fixture.ts'
import type { BodyAnswer } from './send-body.ts'
import { sendBody } from './send-body.ts'

const MIB = 1024 * 1024
const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')

interface Refusal {
  status: number
  error: { message: string; code: string; param: string | null }
}

/** A request that cannot be served is refused with a message; no hold is opened and nothing is stored. */
export async function refusedPictures(context: Context): Promise<void> {
  const testUser = await newTestUser(context, { name: 'refused' })
  const userWithoutCredits = await newTestUser(context, { name: 'no-credits', grantMicro: 0n })
  const good = { ...small, prompt: 'never generated' }
  const png = await square()

  for (const gateway of gatewaysOf(context)) {
    const unpaid = await refusal(json(gateway, userWithoutCredits, good))
    expect(unpaid).toMatchObject({ status: 402, error: { code: 'insufficient_credit' } })
    expect(unpaid.error.message).toMatch(/may cost up to [\d.]+ credits; 0 are available/)
    const withPicture = form(gateway, userWithoutCredits, {
      fields: good,
      files: [['image[]', 'a.png', png]],
    })
    expect((await refusal(withPicture)).status).toBe(402)
  }
  const [, gateway] = gatewaysOf(context)
  for (const [fields, expected] of wrongFields) {
    const refused = await refusal(json(gateway, testUser, { ...good, ...fields }))
    expect(refused, JSON.stringify(fields).slice(0, 200)).toMatchObject(expected)
    // A form is refused with the same errors, after its picture was uploaded.
    const texts = Object.fromEntries(
      Object.entries({ ...good, ...fields }).map(([name, value]) => [name, String(value)]),
    )
    const files: SentFile[] = [['image[]', 'a.png', png]]
    expect(await refusal(form(gateway, testUser, { fields: texts, files }))).toMatchObject(expected)
  }
  await expectPicturesRefused(gateway, testUser)
  await expectTooLarge(gateway, testUser)

  for (const user of [testUser, userWithoutCredits]) {
    expect(await holdsOf(context, user)).toEqual([])
    expect(
      await queryDatabase(context, 'select id from image_jobs where wallet = $1', [user.wallet]),
    ).toEqual([])
    expect((await listed(gateway, user)).items).toEqual([])
  }
  // Partially written files are removed shortly after the answer.
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

/** Files that are no picture, or have too many pixels. */
async function expectPicturesRefused(gateway: Context, testUser: TestUser): Promise<void> {
  const fields = { ...small, prompt: 'never generated' }
  const damaged = { status: 400, error: { code: 'invalid_image' } }
  const png = await square()
  const tooManyPixels = Buffer.from(png)
  tooManyPixels.writeUInt32BE(100_000, 16)
  tooManyPixels.writeUInt32BE(100_000, 20)
  for (const bytes of [SVG, tooManyPixels, Buffer.alloc(0), Buffer.from('GIF89a'.padEnd(64))]) {
    // After a valid one, which is already stored.
    const files: SentFile[] = [
      ['image[]', 'good.png', png],
      ['image[]', 'second.png', bytes],
    ]
    const refused = await refusal(form(gateway, testUser, { fields, files }))
    expect(refused, bytes.toString('latin1', 0, 40)).toMatchObject(damaged)
    expect(refused.error.message).toMatch(/^'image' (is|has) .*\.$/)
  }
  const svg = `data:image/svg+xml;base64,${SVG.toString('base64')}`
  const sources = [`data:image/png;base64,${png.toString('base64')}`, svg]
  const refused = await refusal(json(gateway, testUser, { ...fields, reference_images: sources }))
  expect(refused).toMatchObject(damaged)
  expect(refused.error.param).toBe('reference_images[1]')
}

/** Bodies of a hundred megabytes, with and without a Content-Length. */
async function expectTooLarge({ running }: Context, { session }: TestUser): Promise<void> {
  const upload = { url: `${running.baseUrl}/api/user/images`, token: session, bytes: 100 * MIB }
  const boundary = 'form-boundary'
  const type = `multipart/form-data; boundary=${boundary}`
  const head = Buffer.concat([
    Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="image[]"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n`,
    ),
    (await square()).subarray(0, 33),
  ])
  const jsonBody = { ...upload, type: 'application/json', head: Buffer.from('{"prompt":"') }
  for (const [input, what] of [
    [{ ...jsonBody, hasContentLength: true }, 'JSON with Content-Length'],
    [{ ...jsonBody, hasContentLength: false }, 'JSON'],
    [
      { ...upload, type, head, hasContentLength: true, bytes: 101 * MIB },
      'form with Content-Length',
    ],
    [{ ...upload, type, head, hasContentLength: false }, 'form'],
  ] as const) {
    const refused = parsed(await sendBody(input))
    expect(refused, what).toMatchObject({ status: 413, error: { code: 'body_too_large' } })
    expect(refused.error.message, what).toMatch(/\d+ bytes/)
  }
}

function json({ running }: Context, { session }: TestUser, body: object): Promise<Response> {
  return fetch(`${running.baseUrl}/api/user/images`, {
    method: 'POST',
    headers: { authorization: `Bearer ${session}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

/** The field, the file name, and the bytes. */
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

function parsed({ status, text }: BodyAnswer): Refusal {
  // Typed as the error envelope; a wrong shape fails the expectation.
  const { error } = JSON.parse(text) as Pick<Refusal, 'error'>
  return { status, error }
}

/** Temporary files, and blobs of jobs that do not exist. */
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

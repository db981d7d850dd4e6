import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

import type { ImageTaskDetail } from '@sluice/contracts/control/images'
import sharp from 'sharp'
import { expect } from 'vitest'

import { must, send } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { queryDatabase } from '../harness/ledger.ts'
import type { TestUser } from './pictures-scene.ts'
import {
  bytesOf,
  callsFor,
  gatewaysOf,
  expectPaidOnce,
  holdsOf,
  listed,
  newTestUser,
  prompted,
  settled,
  small,
  tiny,
} from './pictures-scene.ts'

/**
 * Two reference pictures that were dropped into the studio are drawn with; once more is with the same two,
 * until they are gone, which is said and not paid.
 */
export async function generatedFromReferences(context: Context): Promise<void> {
  const [here, there] = gatewaysOf(context)
  const testUser = await newTestUser(context, { name: 'references' })
  const red = await square({ r: 200, g: 30, b: 30 })
  const blue = await square({ r: 30, g: 30, b: 200 })

  // The upstream of the simulator is sent both; a later try too.
  const prompt = prompted(context, 'red beside blue')
  const sent = await settled(
    there,
    testUser,
    (await drop(here, testUser, { ...small, prompt }, [red, blue])).id,
  )
  expect(sent).toMatchObject({ kind: 'edit', references: 2, state: 'done' })
  const sentAgain = await settled(here, testUser, (await again(there, testUser, sent)).id)
  const calls = callsFor(context, prompt)
  expect(calls.map(({ route }) => route)).toEqual(['images.edits', 'images.edits'])
  for (const { parts } of calls) expect(parts.filter((part) => part === 'image[]')).toHaveLength(2)
  expect(calls[0]?.bodyBytes).toBe(calls[1]?.bodyBytes)

  // The sandbox draws the same bytes from the same request: so the pictures tell what it was given.
  const input = { ...tiny, prompt: 'what it was given' }
  const first = await settled(there, testUser, (await drop(there, testUser, input, [red, blue])).id)
  const retried = await again(here, testUser, first)
  expect(retried).toMatchObject({ prompt: input.prompt, size: input.size, references: 2 })
  expect(retried.id).not.toBe(first.id)
  const second = await settled(here, testUser, retried.id)
  const swapped = await settled(here, testUser, (await drop(here, testUser, input, [blue, red])).id)
  const drawn = await picture(here, first)
  expect((await picture(there, second)).equals(drawn)).toBe(true)
  expect((await picture(there, swapped)).equals(drawn)).toBe(false)
  for (const task of [sent, sentAgain, first, second, swapped])
    await expectPaidOnce(context, testUser, task)

  // Each task has references of its own: those of the first go, and the second can be drawn once more.
  const before = await holdsOf(context, testUser)
  expect(await forgetInputs(context, first.id)).toBe(2)
  const refused = await send(there, 'retryImage', {
    as: testUser.session,
    input: { params: { id: first.id } },
  })
  expect(refused.status).toBe(400)
  expect(JSON.parse(refused.text)).toMatchObject({
    error: { code: 'invalid_image', message: expect.stringMatching(/reference pictures .* gone/) },
  })
  expect(await holdsOf(context, testUser)).toEqual(before)
  const third = await settled(there, testUser, (await again(there, testUser, second)).id)
  expect((await picture(there, third)).equals(drawn)).toBe(true)
  expect((await listed(here, testUser)).items).toHaveLength(6)
}

/** The studio's form. */
async function drop(
  { running }: Context,
  { session }: TestUser,
  fields: Record<string, string>,
  pictures: Buffer[],
): Promise<ImageTaskDetail> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  for (const [at, bytes] of pictures.entries())
    form.append('image[]', new File([new Uint8Array(bytes)], `${at}.png`, { type: 'image/png' }))
  const answer = await fetch(`${running.baseUrl}/api/user/images`, {
    method: 'POST',
    headers: { authorization: `Bearer ${session}` },
    body: form,
  })
  const text = await answer.text()
  expect(answer.status, text).toBe(202)
  return JSON.parse(text)
}

const again = (gateway: Context, { session }: TestUser, { id }: ImageTaskDetail) =>
  must<ImageTaskDetail>(gateway, 'retryImage', { as: session, input: { params: { id } } })

async function picture(gateway: Context, { pictures }: ImageTaskDetail): Promise<Buffer> {
  const { status, bytes } = await bytesOf(gateway, { path: pictures[0]?.url ?? '' })
  expect(status).toBe(200)
  return bytes
}

/** What the sweep does a day after the end: removes the input pictures of one task. */
async function forgetInputs(context: Context, id: string): Promise<number> {
  const { blobDir } = context.running
  const files = await readdir(blobDir, { recursive: true })
  const inputs = files.filter((file) => file.includes(`jobs,${id},inputs,`))
  for (const file of inputs) await rm(join(blobDir, file))
  const [job] = await queryDatabase<{ images: number }>(
    context,
    `select jsonb_array_length((request::jsonb)->'images') as images from image_jobs where id = $1`,
    [id],
  )
  expect(inputs).toHaveLength(job?.images ?? 0)
  return inputs.length
}

const square = (background: { r: number; g: number; b: number }) =>
  sharp({ create: { width: 64, height: 64, channels: 3, background } })
    .png()
    .toBuffer()

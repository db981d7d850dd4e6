import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

import type { ImageTaskDetail } from '@sluice/contracts/control/images'
import sharp from 'sharp'
import { expect } from 'vitest'

import { must, send } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { queryDatabase } from '../harness/ledger.ts'
import type { TestUser } from './pictures-fixture.ts'
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
} from './pictures-fixture.ts'

/**
 * Two uploaded reference pictures are sent to the upstream; a retry sends the same two. After their deletion
 * a retry is refused and not charged.
 */
export async function generatedFromReferences(context: Context): Promise<void> {
  const [gatewayA, gatewayB] = gatewaysOf(context)
  const testUser = await newTestUser(context, { name: 'references' })
  const red = await square({ r: 200, g: 30, b: 30 })
  const blue = await square({ r: 30, g: 30, b: 200 })

  // The simulator receives both, and again with the retry.
  const prompt = prompted(context, 'red beside blue')
  const sent = await settled(
    gatewayB,
    testUser,
    (await upload(gatewayA, testUser, { ...small, prompt }, [red, blue])).id,
  )
  expect(sent).toMatchObject({ kind: 'edit', references: 2, state: 'done' })
  const sentAgain = await settled(gatewayA, testUser, (await retry(gatewayB, testUser, sent)).id)
  const calls = callsFor(context, prompt)
  expect(calls.map(({ route }) => route)).toEqual(['images.edits', 'images.edits'])
  for (const { parts } of calls) expect(parts.filter((part) => part === 'image[]')).toHaveLength(2)
  expect(calls[0]?.bodyBytes).toBe(calls[1]?.bodyBytes)

  // The sandbox generates the same bytes for the same request, so equal pictures prove equal references.
  const input = { ...tiny, prompt: 'the same references' }
  const first = await settled(
    gatewayB,
    testUser,
    (await upload(gatewayB, testUser, input, [red, blue])).id,
  )
  const retried = await retry(gatewayA, testUser, first)
  expect(retried).toMatchObject({ prompt: input.prompt, size: input.size, references: 2 })
  expect(retried.id).not.toBe(first.id)
  const second = await settled(gatewayA, testUser, retried.id)
  const swapped = await settled(
    gatewayA,
    testUser,
    (await upload(gatewayA, testUser, input, [blue, red])).id,
  )
  const generated = await picture(gatewayA, first)
  expect((await picture(gatewayB, second)).equals(generated)).toBe(true)
  expect((await picture(gatewayB, swapped)).equals(generated)).toBe(false)
  for (const task of [sent, sentAgain, first, second, swapped])
    await expectPaidOnce(context, testUser, task)

  // Each task has its own references: after those of the first are deleted, the second can still be retried.
  const before = await holdsOf(context, testUser)
  expect(await deleteInputs(context, first.id)).toBe(2)
  const refused = await send(gatewayB, 'retryImage', {
    as: testUser.session,
    input: { params: { id: first.id } },
  })
  expect(refused.status).toBe(400)
  expect(JSON.parse(refused.text)).toMatchObject({
    error: {
      code: 'invalid_image',
      message: expect.stringMatching(/reference pictures .* removed/),
    },
  })
  expect(await holdsOf(context, testUser)).toEqual(before)
  const third = await settled(gatewayB, testUser, (await retry(gatewayB, testUser, second)).id)
  expect((await picture(gatewayB, third)).equals(generated)).toBe(true)
  expect((await listed(gatewayA, testUser)).items).toHaveLength(6)
}

/** Sends the studio's form. */
async function upload(
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

const retry = (gateway: Context, { session }: TestUser, { id }: ImageTaskDetail) =>
  must<ImageTaskDetail>(gateway, 'retryImage', { as: session, input: { params: { id } } })

async function picture(gateway: Context, { pictures }: ImageTaskDetail): Promise<Buffer> {
  const { status, bytes } = await bytesOf(gateway, { path: pictures[0]?.url ?? '' })
  expect(status).toBe(200)
  return bytes
}

/** Removes the input pictures of one task, as the blob sweep does a day after its end. */
async function deleteInputs(context: Context, id: string): Promise<number> {
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

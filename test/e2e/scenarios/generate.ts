import OpenAi6 from 'openai-6'
import sharp from 'sharp'
import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { client } from '../harness/context.ts'
import { balanceOf, settledBalance } from '../harness/ledger.ts'

/** One picture by the SDK: a valid PNG of the requested size, paid once. */
export async function generateOne(context: Context): Promise<void> {
  const before = await balanceOf(context)
  const answer = await client(context).images.generate({
    model: 'gpt-image-2',
    prompt: 'a heron at dawn',
    size: '1024x1024',
    quality: 'low',
  })
  const [picture] = answer.data ?? []
  const facts = await sharp(Buffer.from(picture?.b64_json ?? '', 'base64')).metadata()
  expect(facts).toMatchObject({ format: 'png', width: 1024, height: 1024 })
  expect(answer).toMatchObject({ size: '1024x1024', quality: 'low', output_format: 'png' })
  expect(answer.usage?.total_tokens).toBeGreaterThan(0)
  const after = await settledBalance(context)
  expect(after.availableMicro).toBeLessThan(before.availableMicro)
  expect(after.heldMicro).toBe(0n)
}

/** Four pictures in one request cost four times as much as one. */
export async function generateFour(context: Context): Promise<void> {
  const start = await settledBalance(context)
  await client(context).images.generate({
    model: 'gpt-image-2',
    prompt: 'one',
    quality: 'low',
    size: '1024x1024',
  })
  const afterOne = await settledBalance(context)
  const answer = await client(context).images.generate({
    model: 'gpt-image-2',
    prompt: 'four',
    n: 4,
    quality: 'low',
    size: '1024x1024',
  })
  expect(answer.data).toHaveLength(4)
  for (const picture of answer.data ?? []) expect(picture.b64_json?.length).toBeGreaterThan(100)
  const afterFour = await settledBalance(context)
  const one = start.availableMicro - afterOne.availableMicro
  expect(afterOne.availableMicro - afterFour.availableMicro).toBe(one * 4n)
}

/**
 * The previous major version of the SDK, which npm installs for Node 20, reads the same answers and errors.
 */
export async function generateWithOlderSdk({ running }: Context): Promise<void> {
  const older = new OpenAi6({
    apiKey: running.apiKey,
    baseURL: `${running.baseUrl}/v1`,
    maxRetries: 0,
  })
  const answer = await older.images.generate({
    model: 'gpt-image-2',
    prompt: 'by the older SDK',
    quality: 'low',
  })
  expect(answer.data?.[0]?.b64_json?.length).toBeGreaterThan(100)
  const refused = older.images.generate({ model: 'gpt-image-2', prompt: 'x', n: 11 })
  await expect(refused).rejects.toMatchObject({ status: 400, param: 'n' })
}

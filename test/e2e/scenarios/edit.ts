import { toFile } from 'openai'
import sharp from 'sharp'
import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { client } from '../harness/context.ts'

/** Two pictures and a mask are forwarded to the upstream, and a picture is returned. */
export async function editWithMask(context: Context): Promise<void> {
  const first = await square({ r: 200, g: 30, b: 30 })
  const second = await square({ r: 30, g: 30, b: 200 })
  const mask = await sharp({
    create: { width: 64, height: 64, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
  })
    .png()
    .toBuffer()
  const answer = await client(context).images.edit({
    model: 'gpt-image-2',
    prompt: 'put the red beside the blue, e2e-edit',
    image: [
      await toFile(first, 'red.png', { type: 'image/png' }),
      await toFile(second, 'blue.png', { type: 'image/png' }),
    ],
    mask: await toFile(mask, 'mask.png', { type: 'image/png' }),
    size: '1024x1024',
    quality: 'low',
  })
  const bytes = Buffer.from(answer.data?.[0]?.b64_json ?? '', 'base64')
  expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', width: 1024 })
  const seen = context.simulator.log().find((entry) => entry.prompt?.includes('e2e-edit'))
  expect(seen).toMatchObject({ route: 'images.edits', status: 200 })
}

function square(background: { r: number; g: number; b: number }): Promise<Buffer> {
  return sharp({ create: { width: 64, height: 64, channels: 3, background } })
    .png()
    .toBuffer()
}

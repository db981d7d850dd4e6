import { createHash } from 'node:crypto'

import type { Answer } from './answer.ts'
import { envelope, event, events, json } from './answer.ts'
import { drawPicture } from './draw-picture.ts'
import type { Act } from './fault.ts'
import type { ImageWish } from './image-wish.ts'
import { readImageWish } from './image-wish.ts'
import type { Produced } from './witness-log.ts'
import type { RouteAnswer, RouteHandler, World } from './world.ts'

/** `POST /v1/images/generations` and `/v1/images/edits`. */
export const answerImages: RouteHandler = async (world, { call, act }) => {
  const wish = readImageWish(world, { call })
  if ('status' in wish) return { answer: wish, produced: [] }
  const lie = act.kind === 'picture' ? act.lie : undefined
  const count = lie === 'none' ? 0 : lie === 'too-many' ? wish.count + 2 : wish.count
  const pictures = await Promise.all(
    Array.from({ length: count }, (_, index) => draw(world, { wish, tone: toneOf(wish) + index })),
  )
  const produced = pictures.map((bytes) => witness(wish, bytes))
  const answer = wish.stream
    ? await streamed(world, { wish, pictures, act })
    : whole(world, { wish, pictures, act })
  return { answer, produced } satisfies RouteAnswer
}

function draw(world: World, { wish, tone }: { wish: ImageWish; tone: number }): Promise<Buffer> {
  const { width, height, format } = wish
  const transparent = wish.background === 'transparent'
  return drawPicture({ width, height, format, transparent, tone, stamp: world.newId('pic') })
}

function toneOf({ prompt }: ImageWish): number {
  return createHash('sha256').update(prompt).digest()[0] ?? 0
}

function witness({ width, height, quality, format }: ImageWish, bytes: Buffer): Produced {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const size = `${width}x${height}`
  return { kind: 'picture', sha256, bytes: bytes.byteLength, size, quality, format }
}

interface Drawn {
  wish: ImageWish
  pictures: Buffer[]
  act: Act
}

function whole(world: World, { wish, pictures, act }: Drawn): Answer {
  const byUrl = wish.byUrl || (act.kind === 'picture' && act.lie === 'url')
  const items = pictures.map((bytes) =>
    byUrl ? { url: publish(world, wish, bytes) } : { b64_json: encode(bytes, act) },
  )
  if (wish.model.family !== 'gpt') return json({ created: world.nowS(), data: items })
  return json({
    created: world.nowS(),
    data: items,
    ...factsOf(wish, act),
    ...usageOf(wish, pictures.length, act),
  })
}

async function streamed(world: World, { wish, pictures, act }: Drawn): Promise<Answer> {
  const kind = wish.edit ? 'image_edit' : 'image_generation'
  const lie = act.kind === 'stream' ? act.lie : undefined
  const blocks: string[] = []
  for (let index = 0; index < wish.partialImages; index += 1) {
    const bytes = await draw(world, { wish, tone: toneOf(wish) + 4 + index })
    const type = `${kind}.partial_image`
    const facts = { created_at: world.nowS(), ...factsOf(wish, act) }
    const b64 = encode(bytes, act)
    blocks.push(event({ type, b64_json: b64, partial_image_index: index, ...facts }, type))
  }
  if (lie === 'empty-data') blocks.push('data:\n\n')
  if (act.kind === 'malformed') blocks.push(event('{"type":"image_generation.completed",'))
  if (act.kind === 'stream' && lie?.startsWith('error')) return events([...blocks, fail(act)])
  if (lie === 'no-terminal') return events(blocks)
  if (lie === 'json') return whole(world, { wish, pictures, act })
  for (const bytes of pictures) {
    const type = `${kind}.completed`
    const facts = { created_at: world.nowS(), ...factsOf(wish, act), ...usageOf(wish, 1, act) }
    const block = event({ type, b64_json: encode(bytes, act), ...facts }, type)
    blocks.push(block, ...(lie === 'twice-terminal' ? [block] : []))
  }
  return events(lie === 'crlf' ? blocks.map((block) => block.replaceAll('\n', '\r\n')) : blocks)
}

/** The three styles in which upstreams break bad news inside a stream. */
export function fail({ lie, code, message }: Extract<Act, { kind: 'stream' }>): string {
  const error = envelope({ message, code, type: 'image_generation_server_error' })
  if (lie === 'error-envelope') return event(error)
  if (lie === 'error-event') return event(error, 'error')
  return event({ type: 'error', code, message, param: null }, 'error')
}

function publish(world: World, { format }: ImageWish, bytes: Buffer): string {
  const name = `${world.newId('file')}.${format}`
  world.files.set(name, { bytes, type: `image/${format}` })
  return `${world.origin()}/files/${name}`
}

function encode(bytes: Buffer, act: Act): string {
  const lie = act.kind === 'picture' ? act.lie : undefined
  if (lie === 'bad-base64') return `${bytes.toString('base64').slice(0, 40)}*&^%$#@!`
  if (lie === 'zero-bytes') return ''
  if (lie === 'not-a-picture') return Buffer.from('<html>no picture</html>').toString('base64')
  if (lie === 'truncated') return bytes.subarray(0, bytes.byteLength >> 1).toString('base64')
  return bytes.toString('base64')
}

function factsOf({ width, height, quality, background, format }: ImageWish, act: Act) {
  const lie = act.kind === 'picture' ? act.lie : undefined
  if (lie === 'no-facts') return {}
  const size = lie === 'wrong-facts' ? '4096x17' : `${width}x${height}`
  return { background, output_format: lie === 'wrong-facts' ? 'gif' : format, quality, size }
}

const outputTokens: Record<string, number> = { low: 272, medium: 1056, high: 4160 }

function usageOf({ prompt, quality, edit }: ImageWish, count: number, act: Act) {
  if (act.kind === 'usage') return act.usage === null ? {} : { usage: act.usage }
  const text = Math.ceil(prompt.length / 4)
  const image = edit ? 194 : 0
  const output = (outputTokens[quality] ?? 6240) * count
  const usage = {
    input_tokens: text + image,
    output_tokens: output,
    total_tokens: text + image + output,
    input_tokens_details: { text_tokens: text, image_tokens: image },
    output_tokens_details: { text_tokens: 0, image_tokens: output },
  }
  return { usage }
}

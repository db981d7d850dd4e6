import { createHash } from 'node:crypto'

import type { Answer } from './answer.ts'
import { envelope, event, events, json } from './answer.ts'
import { renderPicture } from './render-picture.ts'
import type { Behaviour } from './fault.ts'
import type { ImagesCall } from './images-call.ts'
import { readImagesCall } from './images-call.ts'
import type { Produced } from './request-log.ts'
import type { RouteAnswer, RouteHandler, SimulatorContext } from './simulator-context.ts'

/** `POST /v1/images/generations` and `/v1/images/edits`. */
export const answerImages: RouteHandler = async (context, { call, behaviour }) => {
  const spec = readImagesCall(context, { call })
  if ('status' in spec) return { answer: spec, produced: [] }
  const variant = behaviour.kind === 'picture' ? behaviour.variant : undefined
  const count = variant === 'none' ? 0 : variant === 'too-many' ? spec.count + 2 : spec.count
  const pictures = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      generate(context, { spec, tone: toneOf(spec) + index }),
    ),
  )
  const produced = pictures.map((bytes) => producedOf(spec, bytes))
  const answer = spec.stream
    ? await streamed(context, { spec, pictures, behaviour })
    : whole(context, { spec, pictures, behaviour })
  return { answer, produced } satisfies RouteAnswer
}

function generate(
  context: SimulatorContext,
  { spec, tone }: { spec: ImagesCall; tone: number },
): Promise<Buffer> {
  const { width, height, format } = spec
  const transparent = spec.background === 'transparent'
  return renderPicture({ width, height, format, transparent, tone, stamp: context.newId('pic') })
}

function toneOf({ prompt }: ImagesCall): number {
  return createHash('sha256').update(prompt).digest()[0] ?? 0
}

function producedOf({ width, height, quality, format }: ImagesCall, bytes: Buffer): Produced {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const size = `${width}x${height}`
  return { kind: 'picture', sha256, bytes: bytes.byteLength, size, quality, format }
}

interface Generated {
  spec: ImagesCall
  pictures: Buffer[]
  behaviour: Behaviour
}

function whole(context: SimulatorContext, { spec, pictures, behaviour }: Generated): Answer {
  const byUrl = spec.byUrl || (behaviour.kind === 'picture' && behaviour.variant === 'url')
  const items = pictures.map((bytes) =>
    byUrl ? { url: publish(context, spec, bytes) } : { b64_json: encode(bytes, behaviour) },
  )
  if (spec.model.family !== 'gpt') return json({ created: context.nowS(), data: items })
  return json({
    created: context.nowS(),
    data: items,
    ...factsOf(spec, behaviour),
    ...usageOf(spec, pictures.length, behaviour),
  })
}

async function streamed(
  context: SimulatorContext,
  { spec, pictures, behaviour }: Generated,
): Promise<Answer> {
  const kind = spec.edit ? 'image_edit' : 'image_generation'
  const variant = behaviour.kind === 'stream' ? behaviour.variant : undefined
  const blocks: string[] = []
  for (let index = 0; index < spec.partialImages; index += 1) {
    const bytes = await generate(context, { spec, tone: toneOf(spec) + 4 + index })
    const type = `${kind}.partial_image`
    const facts = { created_at: context.nowS(), ...factsOf(spec, behaviour) }
    const b64 = encode(bytes, behaviour)
    blocks.push(event({ type, b64_json: b64, partial_image_index: index, ...facts }, type))
  }
  if (variant === 'empty-data') blocks.push('data:\n\n')
  if (behaviour.kind === 'malformed') blocks.push(event('{"type":"image_generation.completed",'))
  if (behaviour.kind === 'stream' && variant?.startsWith('error'))
    return events([...blocks, streamError(behaviour)])
  if (variant === 'no-terminal') return events(blocks)
  if (variant === 'json') return whole(context, { spec, pictures, behaviour })
  for (const bytes of pictures) {
    const type = `${kind}.completed`
    const facts = {
      created_at: context.nowS(),
      ...factsOf(spec, behaviour),
      ...usageOf(spec, 1, behaviour),
    }
    const block = event({ type, b64_json: encode(bytes, behaviour), ...facts }, type)
    blocks.push(block, ...(variant === 'twice-terminal' ? [block] : []))
  }
  return events(variant === 'crlf' ? blocks.map((block) => block.replaceAll('\n', '\r\n')) : blocks)
}

/** The three formats of an error inside a stream. */
export function streamError({
  variant,
  code,
  message,
}: Extract<Behaviour, { kind: 'stream' }>): string {
  const error = envelope({ message, code, type: 'image_generation_server_error' })
  if (variant === 'error-envelope') return event(error)
  if (variant === 'error-event') return event(error, 'error')
  return event({ type: 'error', code, message, param: null }, 'error')
}

function publish(context: SimulatorContext, { format }: ImagesCall, bytes: Buffer): string {
  const name = `${context.newId('file')}.${format}`
  context.files.set(name, { bytes, type: `image/${format}` })
  return `${context.origin()}/files/${name}`
}

function encode(bytes: Buffer, behaviour: Behaviour): string {
  const variant = behaviour.kind === 'picture' ? behaviour.variant : undefined
  if (variant === 'bad-base64') return `${bytes.toString('base64').slice(0, 40)}*&^%$#@!`
  if (variant === 'zero-bytes') return ''
  if (variant === 'not-a-picture') return Buffer.from('<html>no picture</html>').toString('base64')
  if (variant === 'truncated') return bytes.subarray(0, bytes.byteLength >> 1).toString('base64')
  return bytes.toString('base64')
}

function factsOf({ width, height, quality, background, format }: ImagesCall, behaviour: Behaviour) {
  const variant = behaviour.kind === 'picture' ? behaviour.variant : undefined
  if (variant === 'no-facts') return {}
  const size = variant === 'wrong-facts' ? '4096x17' : `${width}x${height}`
  return { background, output_format: variant === 'wrong-facts' ? 'gif' : format, quality, size }
}

const outputTokens: Record<string, number> = { low: 272, medium: 1056, high: 4160 }

function usageOf({ prompt, quality, edit }: ImagesCall, count: number, behaviour: Behaviour) {
  if (behaviour.kind === 'usage') return behaviour.usage === null ? {} : { usage: behaviour.usage }
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

import { createHash } from 'node:crypto'

import type { Answer } from './answer.ts'
import { envelope, event, events, json } from './answer.ts'
import { renderPicture } from './render-picture.ts'
import type { Behaviour } from './fault.ts'
import type { ImagesCall } from './images-call.ts'
import { readImagesCall } from './images-call.ts'
import type { Produced } from './witness-log.ts'
import type { RouteAnswer, RouteHandler, SimulatorContext } from './simulator-context.ts'

/** `POST /v1/images/generations` and `/v1/images/edits`. */
export const answerImages: RouteHandler = async (context, { call, behaviour }) => {
  const spec = readImagesCall(context, { call })
  if ('status' in spec) return { answer: spec, produced: [] }
  const lie = behaviour.kind === 'picture' ? behaviour.lie : undefined
  const count = lie === 'none' ? 0 : lie === 'too-many' ? spec.count + 2 : spec.count
  const pictures = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      draw(context, { spec, tone: toneOf(spec) + index }),
    ),
  )
  const produced = pictures.map((bytes) => witness(spec, bytes))
  const answer = spec.stream
    ? await streamed(context, { spec, pictures, behaviour })
    : whole(context, { spec, pictures, behaviour })
  return { answer, produced } satisfies RouteAnswer
}

function draw(
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

function witness({ width, height, quality, format }: ImagesCall, bytes: Buffer): Produced {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const size = `${width}x${height}`
  return { kind: 'picture', sha256, bytes: bytes.byteLength, size, quality, format }
}

interface Drawn {
  spec: ImagesCall
  pictures: Buffer[]
  behaviour: Behaviour
}

function whole(context: SimulatorContext, { spec, pictures, behaviour }: Drawn): Answer {
  const byUrl = spec.byUrl || (behaviour.kind === 'picture' && behaviour.lie === 'url')
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
  { spec, pictures, behaviour }: Drawn,
): Promise<Answer> {
  const kind = spec.edit ? 'image_edit' : 'image_generation'
  const lie = behaviour.kind === 'stream' ? behaviour.lie : undefined
  const blocks: string[] = []
  for (let index = 0; index < spec.partialImages; index += 1) {
    const bytes = await draw(context, { spec, tone: toneOf(spec) + 4 + index })
    const type = `${kind}.partial_image`
    const facts = { created_at: context.nowS(), ...factsOf(spec, behaviour) }
    const b64 = encode(bytes, behaviour)
    blocks.push(event({ type, b64_json: b64, partial_image_index: index, ...facts }, type))
  }
  if (lie === 'empty-data') blocks.push('data:\n\n')
  if (behaviour.kind === 'malformed') blocks.push(event('{"type":"image_generation.completed",'))
  if (behaviour.kind === 'stream' && lie?.startsWith('error'))
    return events([...blocks, fail(behaviour)])
  if (lie === 'no-terminal') return events(blocks)
  if (lie === 'json') return whole(context, { spec, pictures, behaviour })
  for (const bytes of pictures) {
    const type = `${kind}.completed`
    const facts = {
      created_at: context.nowS(),
      ...factsOf(spec, behaviour),
      ...usageOf(spec, 1, behaviour),
    }
    const block = event({ type, b64_json: encode(bytes, behaviour), ...facts }, type)
    blocks.push(block, ...(lie === 'twice-terminal' ? [block] : []))
  }
  return events(lie === 'crlf' ? blocks.map((block) => block.replaceAll('\n', '\r\n')) : blocks)
}

/** The three styles in which upstreams break bad news inside a stream. */
export function fail({ lie, code, message }: Extract<Behaviour, { kind: 'stream' }>): string {
  const error = envelope({ message, code, type: 'image_generation_server_error' })
  if (lie === 'error-envelope') return event(error)
  if (lie === 'error-event') return event(error, 'error')
  return event({ type: 'error', code, message, param: null }, 'error')
}

function publish(context: SimulatorContext, { format }: ImagesCall, bytes: Buffer): string {
  const name = `${context.newId('file')}.${format}`
  context.files.set(name, { bytes, type: `image/${format}` })
  return `${context.origin()}/files/${name}`
}

function encode(bytes: Buffer, behaviour: Behaviour): string {
  const lie = behaviour.kind === 'picture' ? behaviour.lie : undefined
  if (lie === 'bad-base64') return `${bytes.toString('base64').slice(0, 40)}*&^%$#@!`
  if (lie === 'zero-bytes') return ''
  if (lie === 'not-a-picture') return Buffer.from('<html>no picture</html>').toString('base64')
  if (lie === 'truncated') return bytes.subarray(0, bytes.byteLength >> 1).toString('base64')
  return bytes.toString('base64')
}

function factsOf({ width, height, quality, background, format }: ImagesCall, behaviour: Behaviour) {
  const lie = behaviour.kind === 'picture' ? behaviour.lie : undefined
  if (lie === 'no-facts') return {}
  const size = lie === 'wrong-facts' ? '4096x17' : `${width}x${height}`
  return { background, output_format: lie === 'wrong-facts' ? 'gif' : format, quality, size }
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

import { classifyStreamError } from '../classify-failure.ts'
import { hideSecret, readErrorBody, secretsOf } from '../error-body.ts'
import { failureOf } from '../failure-treatments.ts'
import { parseJson } from '../parse-json.ts'
import type { SentAnswer } from '../send-call.ts'
import { readChunks, sendCall } from '../send-call.ts'
import type { RefusedFields } from '../refused-fields.ts'
import { namesField } from '../refused-fields.ts'
import type { GenerateInput, GeneratedPicture, UpstreamDeps, UpstreamFailure } from '../upstream.ts'
import { isUpstreamError, UpstreamError } from '../upstream-error.ts'
import { answerForm, FORM_BYTES, leadingText } from './answer-form.ts'
import { findPictures } from './find-pictures.ts'
import { statedFactsOf } from './image-answer.ts'
import { imageCall } from './image-call.ts'
import { addedFields } from './image-parameters.ts'
import { ANSWER_BYTES_MAX, STREAM_BYTES_MAX } from './image-limits.ts'
import { readImageStream } from './read-image-stream.ts'
import { generatedPictureOf, takePicture } from './take-picture.ts'

/**
 * One picture by one call, streamed when partial pictures are wanted and the model can. When the upstream
 * refuses a field that we added, by a second call without it.
 */
export async function generateImage(
  deps: GenerateDeps,
  input: GenerateInput,
): Promise<GeneratedPicture> {
  const { refused } = deps
  const place = `${input.access.baseUrl} ${input.upstreamModel}`
  const known = refused.of(place)
  try {
    return await drawOnce(deps, { ...input, omitted: known })
  } catch (error) {
    const fields = isUpstreamError(error) ? refusedOf(error.failure, input.request, known) : []
    if (fields.length === 0) throw error
    const generated = await drawOnce(deps, { ...input, omitted: new Set([...known, ...fields]) })
    refused.note(place, fields)
    return generated
  }
}

export interface GenerateDeps extends UpstreamDeps {
  /** What upstreams do not take, by base URL and model. */
  refused: RefusedFields
}

/** Fields of our own that a refusal names and that were sent. Pure. */
function refusedOf(
  { failureClass, status, message, param }: UpstreamFailure,
  { format }: GenerateInput['request'],
  known: ReadonlySet<string>,
): string[] {
  if (failureClass !== 'caller-bad' || (status !== 400 && status !== 422)) return []
  return addedFields.filter((field) => {
    // The caller may have asked for another format than everybody's.
    if (known.has(field) || (field === 'output_format' && format !== 'png')) return false
    return namesField(field, { param, text: message })
  })
}

async function drawOnce(
  deps: UpstreamDeps,
  input: GenerateInput & { omitted: ReadonlySet<string> },
): Promise<GeneratedPicture> {
  const call = await imageCall(deps, input)
  const answer = await sendCall(deps, call)
  const { status } = answer
  const { signal } = input
  const source = readChunks(answer, { bytesMax: STREAM_BYTES_MAX, signal })
  const { head, chunks } = await peek(source)
  if (answerForm(head) === 'stream') {
    return await readImageStream(deps, { ...input, chunks, status })
  }
  return await readWhole(deps, { ...input, chunks, status })
}

/**
 * Reads as much of a body as tells its form; `chunks` begin at its first byte that is no white space,
 * of which some servers send one a second to keep the connection alive.
 */
async function peek(source: AsyncGenerator<Uint8Array>) {
  let head: Buffer = Buffer.alloc(0)
  while (head.length < FORM_BYTES) {
    const next = await source.next()
    if (next.done) break
    const chunk = head.length === 0 ? withoutLeadingSpace(next.value) : next.value
    if (chunk.length > 0) head = Buffer.concat([head, chunk])
  }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head
      yield* source
    } finally {
      await source.return(undefined)
    }
  }
  return { head, chunks: chunks() }
}

function withoutLeadingSpace(chunk: Uint8Array): Uint8Array {
  const start = chunk.findIndex((byte) => byte > 0x20)
  return start === -1 ? chunk.subarray(0, 0) : chunk.subarray(start)
}

type WholeInput = GenerateInput & { chunks: AsyncIterable<Uint8Array> } & Pick<SentAnswer, 'status'>

async function readWhole(
  deps: UpstreamDeps,
  { access, chunks, status, request: asked, signal }: WholeInput,
): Promise<GeneratedPicture> {
  const bytes = await readBytes(chunks, status)
  const itself = generatedPictureOf({ bytes, stated: {}, asked, revisedPrompt: null })
  if (itself) return itself
  const text = leadingText(bytes)
  if (text.trim() === '') throw new UpstreamError(failureOf('answer-empty', { status }))
  const value = parseJson(text) ?? text
  const found = findPictures(value)
  const stated = statedFactsOf(value)
  const generated = await takePicture(deps, { access, found, stated, asked, signal })
  if (generated) return generated
  const body = readErrorBody(hideSecret(text, secretsOf(access)))
  // Whoever says that it failed has drawn nothing, whatever the status.
  if (body.recognised)
    throw new UpstreamError(classifyStreamError({ body, mayHaveProduced: false }))
  const isEmpty = found.length === 0 && hasPictureList(value)
  throw new UpstreamError(failureOf(isEmpty ? 'answer-empty' : 'answer-broken', { status }))
}

async function readBytes(chunks: AsyncIterable<Uint8Array>, status: number): Promise<Buffer> {
  const all: Uint8Array[] = []
  let total = 0
  for await (const chunk of chunks) {
    total += chunk.byteLength
    if (total > ANSWER_BYTES_MAX) throw new UpstreamError(failureOf('answer-too-large', { status }))
    all.push(chunk)
  }
  return Buffer.concat(all, total)
}

const hasPictureList = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'data' in value && Array.isArray(value.data)

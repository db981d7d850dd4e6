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
import { generatedPictureOf, extractPicture } from './extract-picture.ts'

/**
 * Generates one image with one call, streamed if partial images are requested and the model supports them. If
 * the upstream rejects a field that the gateway added, calls again without it.
 */
export async function generateImage(
  deps: GenerateDeps,
  input: GenerateInput,
): Promise<GeneratedPicture> {
  const { refused } = deps
  const key = `${input.access.baseUrl} ${input.upstreamModel}`
  const known = refused.of(key)
  try {
    return await generateOnce(deps, { ...input, omitted: known })
  } catch (error) {
    const fields = isUpstreamError(error) ? refusedOf(error.failure, input.request, known) : []
    if (fields.length === 0) throw error
    const generated = await generateOnce(deps, {
      ...input,
      omitted: new Set([...known, ...fields]),
    })
    refused.note(key, fields)
    return generated
  }
}

export interface GenerateDeps extends UpstreamDeps {
  /** The fields that upstreams reject, by base URL and model. */
  refused: RefusedFields
}

/** The added fields that were sent and that a rejection names. Pure. */
function refusedOf(
  { failureClass, status, message, param }: UpstreamFailure,
  { format }: GenerateInput['request'],
  known: ReadonlySet<string>,
): string[] {
  if (failureClass !== 'caller-bad' || (status !== 400 && status !== 422)) return []
  return addedFields.filter((field) => {
    // The caller requested a format other than the default.
    if (known.has(field) || (field === 'output_format' && format !== 'png')) return false
    return namesField(field, { param, text: message })
  })
}

async function generateOnce(
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
 * Reads the start of a body to detect its form; `chunks` yields the whole body without leading white space,
 * which some servers send periodically to keep the connection alive.
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
  { access, chunks, status, request: requested, signal }: WholeInput,
): Promise<GeneratedPicture> {
  const bytes = await readBytes(chunks, status)
  const direct = generatedPictureOf({ bytes, stated: {}, requested, revisedPrompt: null })
  if (direct) return direct
  const text = leadingText(bytes)
  if (text.trim() === '') throw new UpstreamError(failureOf('answer-empty', { status }))
  const value = parseJson(text) ?? text
  const found = findPictures(value)
  const stated = statedFactsOf(value)
  const generated = await extractPicture(deps, { access, found, stated, requested, signal })
  if (generated) return generated
  const body = readErrorBody(hideSecret(text, secretsOf(access)))
  // An error object means that nothing was generated, whatever the status.
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

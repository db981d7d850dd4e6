import type { ImageFacts, ImageRequest } from '@sluice/contracts/image-request'

import { failureOf } from '../failure-treatments.ts'
import { readSettings } from '../read-settings.ts'
import type { GenerateInput, GeneratedPicture } from '../upstream.ts'
import { UpstreamError } from '../upstream-error.ts'
import type { CommandDeps } from './prompt-commands.ts'
import { failOnCommand, pause } from './prompt-commands.ts'
import type { EditInputs } from './edit-picture.ts'
import { sandboxImageTokens } from './image-tokens.ts'
import type { Sharp } from './load-sharp.ts'
import { loadSharp } from './load-sharp.ts'
import type { PictureSpec } from './render-picture.ts'
import { coarser, encodePixels, renderPixels } from './render-picture.ts'
import { sandboxSettings } from './sandbox-settings.ts'
import type { Tokenizer } from './tokenizer.ts'

export interface SandboxDeps extends CommandDeps {
  loadTokenizer: () => Promise<Tokenizer>
}

const SIDE_PIXELS_MIN = 16
const PICTURE_PIXELS_MAX = 3_840 * 2_160

/**
 * Generates an image from the prompt: the same bytes for the same request and index. Throws an UpstreamError
 * as configured in the channel, and for unsupported sizes and formats.
 */
export async function generateSandboxImage(
  deps: SandboxDeps,
  input: GenerateInput,
): Promise<GeneratedPicture> {
  const { access, request, signal } = input
  const settings = readSettings(sandboxSettings, access)
  const partials = Math.min(input.onPartial ? request.partialImages : 0, settings.partialImages)
  const stepMs = settings.latencyMs / (partials + 1)
  await pause(deps, { ms: partials === 0 ? settings.latencyMs : 0, signal })
  await failOnCommand(deps, { settings, signal })

  const sharp = await loadSharp()
  const spec = await specOf(input)
  const pixels = await rendered(sharp, spec)
  const facts = factsOf(spec)
  for (let index = 0; index < partials; index += 1) {
    await pause(deps, { ms: stepMs, signal })
    const coarse = await coarser(sharp, pixels, GRAIN_MAX / 2 ** index)
    await input.onPartial?.({ index, bytes: await encodePixels(sharp, coarse, spec), facts })
  }
  await pause(deps, { ms: partials === 0 ? 0 : stepMs, signal })
  const tokenizer = await deps.loadTokenizer()
  return {
    bytes: await encodePixels(sharp, pixels, spec),
    contentType: `image/${spec.format}`,
    facts,
    revisedPrompt: null,
    tokens: sandboxImageTokens({
      promptTokens: tokenizer.count(request.prompt),
      pictures: request.images.length,
      facts,
    }),
  }
}

// The block size in pixels of the first partial image; halved for each further one.
const GRAIN_MAX = 32

async function specOf({ request, index, readInput }: GenerateInput): Promise<PictureSpec> {
  const { width, height } = sizeOf(request)
  const background = request.background === 'transparent' ? 'transparent' : 'opaque'
  if (background === 'transparent' && request.format === 'jpeg') {
    throw refusal('A transparent background requires png or webp.')
  }
  const quality = request.quality === 'auto' ? 'medium' : request.quality
  const composition = { prompt: request.prompt, index, aspect: width / height, quality }
  const { format, compression } = request
  const inputs = request.kind === 'edit' ? await readInputs(request, readInput) : undefined
  return { composition, width, height, format, background, compression, inputs }
}

async function readInputs(
  { images, mask }: ImageRequest,
  readInput: GenerateInput['readInput'],
): Promise<EditInputs> {
  const bytes: Uint8Array[] = []
  for (const { blobKey } of images) bytes.push(await readInput(blobKey))
  return { images: bytes, mask: mask && (await readInput(mask.blobKey)) }
}

async function rendered(sharp: Sharp, spec: PictureSpec) {
  try {
    return await renderPixels(sharp, spec)
  } catch (error) {
    // Only input images of the caller can fail here; everything else is generated.
    if (error instanceof UpstreamError || !spec.inputs) throw error
    throw new UpstreamError(failureOf('image-refused', { status: 400 }), error)
  }
}

function sizeOf({ size }: ImageRequest): { width: number; height: number } {
  const match = /^(\d+)x(\d+)$/.exec(size === 'auto' ? '1024x1024' : size)
  const [width, height] = [Number(match?.[1]), Number(match?.[2])]
  const fits = Math.min(width, height) >= SIDE_PIXELS_MIN && width * height <= PICTURE_PIXELS_MAX
  if (!fits) throw refusal(`The sandbox does not generate images of ${size}.`)
  return { width, height }
}

function factsOf({
  width,
  height,
  format,
  background,
  composition: { quality },
}: PictureSpec): ImageFacts {
  return { width, height, format, background, quality }
}

function refusal(message: string): UpstreamError {
  return new UpstreamError(failureOf('unsupported', { message, status: 400 }))
}

import type { ImageRequest, InputImage } from '@sluice/contracts/image-request'
import type { Random } from '@sluice/kernel/random'

import { readSettings } from '../read-settings.ts'
import type { Call } from '../send-call.ts'
import type { GenerateInput } from '../upstream.ts'
import { endpointOf } from './endpoint.ts'
import type { FormPart } from './form-body.ts'
import { formBody } from './form-body.ts'
import { imageModelTraits } from './image-model.ts'
import { imageParameters } from './image-parameters.ts'
import { openaiSettings } from './openai-settings.ts'

/** The HTTP call that generates one image. Reads the input images of an edit. */
export async function imageCall(
  { random }: { random: Random },
  {
    access,
    request,
    upstreamModel,
    readInput,
    onPartial,
    omitted,
    signal,
  }: GenerateInput & { omitted: ReadonlySet<string> },
): Promise<Call> {
  const { streamImages } = readSettings(openaiSettings, access)
  const canStream = streamImages ?? imageModelTraits(upstreamModel).partials
  const isSupported = !omitted.has('stream') && !omitted.has('partial_images')
  const wanted = canStream && isSupported && onPartial !== undefined && request.partialImages > 0
  const partialImages = wanted ? request.partialImages : null
  const parameters = imageParameters({ request, upstreamModel, partialImages, omitted })
  const accept = wanted ? 'text/event-stream, application/json' : 'application/json'
  if (request.kind === 'generate') {
    const { headers, ...where } = endpointOf(access, 'images/generations')
    const body = JSON.stringify(parameters)
    const type = { 'content-type': 'application/json' }
    return {
      ...where,
      method: 'POST',
      headers: { ...headers, accept, ...type },
      body,
      model: upstreamModel,
      signal,
    }
  }
  const { headers, ...where } = endpointOf(access, 'images/edits')
  const form = formBody({
    parts: [...textParts(parameters), ...(await fileParts(request, readInput))],
    boundary: `sluice-${Buffer.from(random.bytes(16)).toString('hex')}`,
  })
  const type = { 'content-type': form.contentType, 'content-length': `${form.contentLength}` }
  return {
    ...where,
    method: 'POST',
    headers: { ...headers, accept, ...type },
    body: form.stream,
    model: upstreamModel,
    signal,
  }
}

function textParts(parameters: Record<string, unknown>): FormPart[] {
  return Object.entries(parameters)
    .filter(([name]) => /^[\w[\].-]{1,100}$/.test(name))
    .map(([name, value]) => {
      const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
      return { name, text }
    })
}

// One image is sent as `image`, several as `image[]`, like the official clients do.
async function fileParts(
  { images, mask }: ImageRequest,
  readInput: GenerateInput['readInput'],
): Promise<FormPart[]> {
  const name = images.length === 1 ? 'image' : 'image[]'
  const parts: FormPart[] = []
  for (const [index, image] of images.entries()) {
    parts.push(
      filePart({ name, stem: `image-${index + 1}`, image, bytes: await readInput(image.blobKey) }),
    )
  }
  if (mask) {
    parts.push(
      filePart({ name: 'mask', stem: 'mask', image: mask, bytes: await readInput(mask.blobKey) }),
    )
  }
  return parts
}

function filePart({
  name,
  stem,
  image: { contentType },
  bytes,
}: {
  name: string
  stem: string
  image: InputImage
  bytes: Uint8Array
}): FormPart {
  const extension = contentType.slice('image/'.length)
  return { name, fileName: `${stem}.${extension}`, contentType, bytes }
}

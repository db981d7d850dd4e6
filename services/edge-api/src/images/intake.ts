import type { IncomingMessage } from 'node:http'

import { AppError } from '@sluice/kernel/app-error'
import type { Fields } from '@sluice/protocol/images/field-reader'
import { invalid } from '@sluice/protocol/images/field-reader'
import type { ImageCall } from '@sluice/protocol/images/parse-image-call'
import { parseImageCall } from '@sluice/protocol/images/parse-image-call'
import type { PictureSource } from '@sluice/protocol/images/picture-sources'
import { readPictureSources } from '@sluice/protocol/images/picture-sources'

import type { ByteHold } from '../http/byte-budget.ts'
import type { GatewayContext } from '../gateway-context.ts'
import type { UploadStaging, StagedInput, StoredInput } from './upload-staging.ts'
import { readForm } from './read-image-form.ts'
import { readImageFields } from './read-image-body.ts'

const MIB = 1024 * 1024
export const REFERENCE_IMAGES_MAX = 4
export const REFERENCE_BYTES_MAX = 20 * MIB
export const EDIT_IMAGES_MAX = 16
export const MASK_BYTES_MAX = 4 * MIB

/** A parsed and validated image request: parameters, staged uploads and referenced pictures. */
export interface ImageIntake {
  call: ImageCall
  /** True when at least one picture is required. */
  isEdit: boolean
  stored: { images: StoredInput[]; mask: StoredInput | undefined }
  /** Pictures still to be fetched or decoded, in the order of the request, after the stored ones. */
  sources: { images: PictureSource[]; mask: PictureSource | undefined; bytesMax: number }
}

export interface IntakeInput {
  incoming: IncomingMessage
  staging: UploadStaging
  /** Byte budget hold for a JSON body. */
  hold: ByteHold
  /** The model of a request without one; undefined makes `model` required. */
  defaultModel?: (() => string | undefined) | undefined
}

/** Transforms the caller's parameters before they are parsed. */
type Reshape = (fields: Fields) => Fields

/** Go clients send unset form fields as empty strings. */
const withModel =
  ({ defaultModel }: Pick<IntakeInput, 'defaultModel'>): Reshape =>
  (fields) => {
    const { model } = fields
    const isNamed = model !== undefined && model !== null && model !== ''
    return isNamed ? fields : { ...fields, model: defaultModel?.() }
  }

type IntakeContext = Pick<GatewayContext, 'deps' | 'sweep'>

const nothingStored = { images: [], mask: undefined }

/** Reads `POST /v1/images/generations`: JSON, with `reference_images` as an extension. */
export async function acceptGeneration(
  gateway: IntakeContext,
  { incoming, hold, defaultModel }: Omit<IntakeInput, 'staging'>,
  { reshape, countMax } = { reshape: withModel({ defaultModel }), countMax: REFERENCE_IMAGES_MAX },
): Promise<ImageIntake> {
  const fields = await readImageFields({ ...bodyLimits(gateway), hold }, incoming)
  const images = readPictureSources(fields['reference_images'], {
    param: 'reference_images',
    countMax,
  })
  return {
    call: parseImageCall(reshape(fields)),
    isEdit: false,
    stored: nothingStored,
    sources: { images, mask: undefined, bytesMax: REFERENCE_BYTES_MAX },
  }
}

/** Reads `POST /v1/images/edits`: a form, or JSON with pictures as URLs, data URLs or base64. */
export function acceptEdit(gateway: IntakeContext, input: IntakeInput): Promise<ImageIntake> {
  return isForm(input) ? acceptFormEdit(gateway, input) : acceptJsonEdit(gateway, input)
}

/**
 * Reads `POST /api/user/images`: JSON as for a generation, or a form as for an edit, with optional pictures.
 * The response mode in the request is ignored: the response is always the task.
 */
export async function acceptPanelImages(
  gateway: IntakeContext,
  input: IntakeInput,
): Promise<ImageIntake> {
  const reshape: Reshape = (fields) => ({ ...fields, async: true, stream: null })
  if (isForm(input)) return { ...(await acceptFormEdit(gateway, input, reshape)), isEdit: false }
  return acceptGeneration(gateway, input, { reshape, countMax: EDIT_IMAGES_MAX })
}

const isForm = ({ incoming }: IntakeInput) =>
  /^multipart\/form-data\b/i.test(incoming.headers['content-type'] ?? '')

async function acceptJsonEdit(
  gateway: IntakeContext,
  { incoming, hold, defaultModel }: IntakeInput,
): Promise<ImageIntake> {
  const fields = await readImageFields({ ...bodyLimits(gateway), hold }, incoming)
  refuseMarkup(fields)
  const param = Object.hasOwn(fields, 'images') ? 'images' : 'image'
  const images = readPictureSources(fields[param], { param, countMax: EDIT_IMAGES_MAX })
  const [mask] = readPictureSources(fields['mask'], { param: 'mask', countMax: 1 })
  const { imageFileBytesMax: bytesMax } = gateway.deps.config
  return {
    call: parseImageCall(withModel({ defaultModel })(fields)),
    isEdit: true,
    stored: nothingStored,
    sources: { images, mask, bytesMax },
  }
}

const bodyLimits = ({ deps: { config, clock }, sweep }: IntakeContext) => ({
  bytesMax: config.bodyBytesMax,
  clock,
  sweep,
})

async function acceptFormEdit(
  { deps: { config, clock }, sweep }: IntakeContext,
  { incoming, staging, defaultModel }: IntakeInput,
  reshape = withModel({ defaultModel }),
): Promise<ImageIntake> {
  // Promises, because the next part may arrive while one is still being stored.
  const images: Promise<StoredInput>[] = []
  const masks: Promise<StoredInput>[] = []
  const put = (target: Promise<StoredInput>[], input: StagedInput) => {
    const stored = staging.put(input)
    target.push(stored)
    return stored
  }
  const { imageFileBytesMax: bytesMax } = config
  const limits = { bytesMax: config.imageFormBytesMax, clock, sweep }
  const fields = await readForm(limits, {
    incoming,
    takeFile: async ({ field, bytes: source }) => {
      if (field === 'mask') {
        if (masks.length > 0) throw invalid('mask', 'must not be repeated')
        await put(masks, { source, name: 'mask', param: 'mask', bytesMax: MASK_BYTES_MAX })
      } else if (/^image(?:\[\d*\])?$/.test(field)) {
        if (images.length >= EDIT_IMAGES_MAX)
          throw invalid('image', `takes at most ${EDIT_IMAGES_MAX} files`)
        await put(images, { source, name: `image-${images.length}`, param: 'image', bytesMax })
      } else if (field.startsWith('markup')) {
        throw markupRefused()
      } else {
        source.resume()
      }
    },
  })
  const [mask] = await Promise.all(masks)
  return {
    call: parseImageCall(reshape(fields)),
    isEdit: true,
    stored: { images: await Promise.all(images), mask },
    sources: { images: [], mask: undefined, bytesMax: 0 },
  }
}

function refuseMarkup(fields: Fields): void {
  if (fields['markup'] !== undefined && fields['markup'] !== null) throw markupRefused()
}

// Ignoring it would produce a different edit than requested.
const markupRefused = () =>
  new AppError('unsupported_parameter', "'markup' is not offered here; use a mask.", {
    param: 'markup',
  })

/** One image of a response: the texts that may contain it or its URL, the likeliest first. */
export interface FoundPicture {
  texts: readonly string[]
  revisedPrompt: string | null
}

const PICTURES_MAX = 20
const DEPTH_MAX = 5

// Encoded bytes before URLs, which need a second request.
const TEXT_NAMES = [
  'b64_json',
  'b64',
  'base64',
  'image_base64',
  'image_b64',
  'partial_image_b64',
  'bytesBase64Encoded',
  'url',
  'image_url',
  'uri',
] as const

// Members that contain images in responses of OpenAI, its Responses API and compatible services: a list, one
// image, or the text itself.
const CONTAINER_NAMES = [
  'data',
  'images',
  'image',
  'output',
  'outputs',
  'result',
  'results',
  'artifacts',
  'predictions',
  'item',
  'response',
] as const

/**
 * Finds the images of a response or event in order, at any known position. Decodes nothing. Pure.
 */
export function findPictures(value: unknown): FoundPicture[] {
  const found: FoundPicture[] = []
  collect(value, { found, depth: 0 })
  return found
}

function collect(value: unknown, { found, depth }: { found: FoundPicture[]; depth: number }): void {
  if (found.length >= PICTURES_MAX || depth > DEPTH_MAX) return
  if (typeof value === 'string') {
    if (value.trim() !== '') found.push({ texts: [value], revisedPrompt: null })
    return
  }
  if (Array.isArray(value)) {
    for (const item of value.slice(0, PICTURES_MAX)) collect(item, { found, depth: depth + 1 })
    return
  }
  if (!isRecord(value)) return
  const texts = TEXT_NAMES.flatMap((name) => textOf(value[name]))
  if (texts.length > 0) {
    const revised = value['revised_prompt']
    found.push({ texts, revisedPrompt: typeof revised === 'string' ? revised : null })
    return
  }
  for (const name of CONTAINER_NAMES) collect(value[name], { found, depth: depth + 1 })
}

/** `"…"`, or `{"url": "…"}` as in chat messages. */
function textOf(value: unknown): string[] {
  const text = isRecord(value) ? value['url'] : value
  return typeof text === 'string' && text.trim() !== '' ? [text] : []
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

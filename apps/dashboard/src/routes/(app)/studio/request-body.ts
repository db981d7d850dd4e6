import type { Settings } from './studio-settings.ts'

export interface Reference {
  file: File
}

export interface RequestInput {
  prompt: string
  settings: Settings
  references: readonly Reference[]
  /** Maximum number of partial pictures of the model. */
  partialsMax: number
}

const PARTIALS_WANTED = 3

/** The request body: a form with pictures, otherwise JSON. */
export function requestBody(input: RequestInput): Record<string, unknown> | FormData {
  const parameters = parametersOf(input)
  if (input.references.length === 0) return parameters
  const form = new FormData()
  for (const [name, value] of Object.entries(parameters)) form.append(name, String(value))
  for (const { file } of input.references) form.append('image[]', file, file.name)
  return form
}

/** Equal for equal requests; pictures are compared by their file metadata. */
export function fingerprintOf(input: RequestInput): string {
  const files = input.references.map(({ file }) => [file.name, file.size, file.lastModified])
  return JSON.stringify([parametersOf(input), files])
}

function parametersOf({ prompt, settings, partialsMax }: RequestInput) {
  const { model, count, format, compression } = settings
  const partials = Math.min(PARTIALS_WANTED, partialsMax)
  return {
    model,
    prompt: prompt.trim(),
    n: count,
    size: settings.size,
    quality: settings.quality,
    background: settings.background,
    output_format: format,
    ...(format !== 'png' && { output_compression: compression }),
    ...(partials > 0 && { partial_images: partials }),
  }
}

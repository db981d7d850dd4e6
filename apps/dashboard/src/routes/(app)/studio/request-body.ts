import type { Settings } from './studio-settings.ts'

export interface Reference {
  file: File
}

export interface RequestInput {
  prompt: string
  settings: Settings
  references: readonly Reference[]
  /** How many partial pictures the model gives at most. */
  partialsMax: number
}

const PARTIALS_WANTED = 3

/** The request as the gateway reads it: a form where pictures come along, else JSON. */
export function requestBody(input: RequestInput): Record<string, unknown> | FormData {
  const parameters = parametersOf(input)
  if (input.references.length === 0) return parameters
  const form = new FormData()
  for (const [name, value] of Object.entries(parameters)) form.append(name, String(value))
  for (const { file } of input.references) form.append('image[]', file, file.name)
  return form
}

/** Equal for equal requests; pictures by what the browser knows of their files. */
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

import type { ShownChannel } from '@sluice/contracts/control/admin'

export type ChannelModel = ShownChannel['models'][number]

// Blanks are required between a name and its `=`: otherwise the regular expression would backtrack at each
// position, and a line of a hundred thousand characters would block the process for half a minute.
const LINE = /^(\S+)(?:(?:\s+=\s*|=\s+)(\S+))?\s+(chat|image)(?:[\s,]+(chat|image))?$/

/** Models as text, one per line: `gpt-image-2 image`, `fast = gpt-4o-mini chat`. */
export function formatModels(models: readonly ChannelModel[]): string {
  return models
    .map(({ model, upstream_model: upstream, kinds }) =>
      [model, ...(upstream === model ? [] : ['=', upstream]), ...kinds].join(' '),
    )
    .join('\n')
}

/**
 * Parses such lines; `wrong` is the first invalid line. The maximum of output tokens, which lines do not
 * contain, is taken from the model of the same name in `known`.
 */
export function parseModels(
  text: string,
  known: readonly ChannelModel[] = [],
): { models: ChannelModel[]; wrong: string | undefined } {
  const models: ChannelModel[] = []
  const names = new Set<string>()
  for (const line of linesOf(text)) {
    const [, model, upstream = model, ...parts] = LINE.exec(line) ?? []
    if (model === undefined || upstream === undefined) return { models: [], wrong: line }
    if (names.has(model)) return { models: [], wrong: line }
    names.add(model)
    const kinds = [...new Set(parts.filter((part) => part === 'chat' || part === 'image'))]
    const before = known.find((one) => one.model === model)
    const longest = before?.output_tokens_max
    models.push({
      model,
      upstream_model: upstream,
      kinds,
      ...(longest === undefined ? {} : { output_tokens_max: longest }),
    })
  }
  return { models, wrong: undefined }
}

/** The trimmed lines of a text without empty ones. */
export function linesOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

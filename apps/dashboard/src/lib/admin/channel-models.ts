import type { ShownChannel } from '@sluice/contracts/control/admin'

export type ChannelModel = ShownChannel['models'][number]

// Only blanks part a name from its `=`: with each place of a long name to try, a line of a hundred thousand
// characters would hold up the process for half a minute.
const LINE = /^(\S+)(?:(?:\s+=\s*|=\s+)(\S+))?\s+(chat|image)(?:[\s,]+(chat|image))?$/

/** Models as an operator writes them, one a line: `gpt-image-2 image`, `fast = gpt-4o-mini chat`. */
export function formatModels(models: readonly ChannelModel[]): string {
  return models
    .map(({ model, upstream_model: upstream, kinds }) =>
      [model, ...(upstream === model ? [] : ['=', upstream]), ...kinds].join(' '),
    )
    .join('\n')
}

/**
 * Reads such lines; `wrong` is the first that is none. What lines do not say (the longest answer) is
 * taken from `known`, where a model of the same name was.
 */
export function parseModels(
  text: string,
  known: readonly ChannelModel[] = [],
): { models: ChannelModel[]; wrong: string | undefined } {
  const models: ChannelModel[] = []
  const names = new Set<string>()
  for (const line of linesOf(text)) {
    const [, model, upstream = model, ...messages] = LINE.exec(line) ?? []
    if (model === undefined || upstream === undefined) return { models: [], wrong: line }
    if (names.has(model)) return { models: [], wrong: line }
    names.add(model)
    const kinds = [...new Set(messages.filter((word) => word === 'chat' || word === 'image'))]
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

/** What is written, line by line, without empty ones. */
export function linesOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

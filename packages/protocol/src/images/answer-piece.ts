/**
 * A piece of an answer: text, or the place of a stored picture that is written there as base64. So
 * that an answer of ten pictures never stands in memory as one string.
 */
export type AnswerPiece = { text: string } | { base64Of: string }

/** The text of an object without its closing brace, with a picture's base64 under a name in front. */
export function objectWithPicture(
  { name, blobKey }: { name: string; blobKey: string },
  rest: Record<string, unknown>,
): AnswerPiece[] {
  const tail = JSON.stringify(rest).slice(1)
  return [
    { text: `{${JSON.stringify(name)}:"` },
    { base64Of: blobKey },
    { text: tail === '}' ? '"}' : `",${tail}` },
  ]
}

/** One server-sent event around the pieces of its JSON. */
export function eventAround(
  { type, id }: { type: string; id?: number },
  json: readonly AnswerPiece[],
): AnswerPiece[] {
  const head = id === undefined ? '' : `id: ${id}\n`
  return [{ text: `${head}event: ${type}\ndata: ` }, ...json, { text: '\n\n' }]
}

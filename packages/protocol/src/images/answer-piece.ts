/**
 * A piece of a response: text, or a reference to a stored picture that is written as base64. So a response
 * with ten pictures is never in memory as one string.
 */
export type AnswerPiece = { text: string } | { base64Of: string }

/** The pieces of a JSON object whose first member is the base64 of a picture. */
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

/** Wraps pieces of JSON in a server-sent event. */
export function eventAround(
  { type, id }: { type: string; id?: number },
  json: readonly AnswerPiece[],
): AnswerPiece[] {
  const head = id === undefined ? '' : `id: ${id}\n`
  return [{ text: `${head}event: ${type}\ndata: ` }, ...json, { text: '\n\n' }]
}

const CHARS_READ_MAX = 2_000
const SCOPES_MAX = 8
const SCOPE_CHARS_MAX = 60

/**
 * The scopes that an error message lists, such as `model.request` of "Missing scopes: model.request. Check
 * that …" (OpenAI's message for restricted keys). Only letters joined by dots, colons, dashes or underscores
 * are accepted, a form that keys and account ids do not have. Pure.
 */
export function missingScopesIn(message: string): string[] {
  const [, list = ''] =
    /missing[ _]scopes?\b[\s:=]*([^]*)/i.exec(message.slice(0, CHARS_READ_MAX)) ?? []
  const scopes: string[] = []
  for (const word of list.split(/[\s,]+/)) {
    const scope = word.replaceAll(/^["'`[(]+|["'`\]).;]+$/g, '')
    if (!/^[a-z]+(?:[.:_-][a-z]+)+$/i.test(scope) || scope.length > SCOPE_CHARS_MAX) break
    scopes.push(scope)
    // A full stop ends the list.
    if (scopes.length === SCOPES_MAX || word.endsWith('.')) break
  }
  return scopes
}

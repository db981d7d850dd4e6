/** Which tokens are looked for: all in words of an upstream, fewer in a log that has ids of its own. */
export type SecretKinds = 'credentials' | 'credentials-and-ids'

/**
 * The text without keys and ids of organisations in the shapes that vendors give them (`sk-…`, `org-…`,
 * `proj_…`, `acct_…`, `AIza…`, JWT). A word that only begins like one (`org-chart`, `user_location_hint`, `sk-learn`)
 * is kept: what follows the prefix must look random. `credentials-and-ids` takes `user-…`, `key-…` and
 * `req_…` as well. Pure.
 */
export function removeVendorSecrets(text: string, replacement: string, kinds: SecretKinds): string {
  // Most texts hold none of the prefixes, and one search for them is cheap.
  if (!anyPrefix.test(text)) return text
  const keep = (token: string, prefix: string, rest: string) =>
    looksRandom(prefix, rest) ? replacement : token
  return text
    .replaceAll(kinds === 'credentials' ? credentials : credentialsAndIds, keep)
    .replaceAll(plainShapes, replacement)
    .replaceAll(bearer, (words: string, token: string) =>
      /[\d*]|\w\.\w/.test(token) || token.length >= 20 ? replacement : words,
    )
}

const anyPrefix =
  /(?:sk|sess|org|proj|acct|user|key|req|gsk|hf|xai|pplx|nvapi|ghp|glpat|r8)[-_]|AIza|AKIA|eyJ|bearer\s/i
const vendors = 'sk|sess|org|proj|acct|gsk|hf|xai|pplx|nvapi|ghp|glpat|r8'
// Behind an escape of JSON (`\\norg-…`) a token begins in the middle of a word.
const start = '(?:\\b|(?<=\\\\[nrtbf]))'
const credentials = new RegExp(`${start}(${vendors})[-_]([A-Za-z0-9_*.-]{6,})`, 'g')
const credentialsAndIds = new RegExp(
  `${start}(${vendors}|user|key|req)[-_]([A-Za-z0-9_*.-]{6,})`,
  'g',
)
const plainShapes = new RegExp(
  `${start}(?:AIza[\\w-]{20,}|AKIA[A-Z0-9]{12,}|eyJ[\\w-]{8,}\\.[\\w-]{4,}(?:\\.[\\w-]*)?)`,
  'g',
)
const bearer = new RegExp(`${start}Bearer\\s+([\\w.~+/=*-]{6,})`, 'gi')

/** Prefixes that words of a language hardly ever have: fewer random letters are enough. */
const keyPrefixes: ReadonlySet<string> = new Set(
  vendors.split('|').filter((prefix) => !['org', 'proj', 'acct'].includes(prefix)),
)

/** Whether some run of letters and digits in it was rolled by dice rather than written as words. */
function looksRandom(prefix: string, rest: string): boolean {
  const isKey = keyPrefixes.has(prefix)
  // A masked key still shows its ends.
  if (rest.includes('*')) return isKey || /[A-Za-z0-9]\*{2,}|\*{2,}[A-Za-z0-9]/.test(rest)
  const vendorPart = /^(?:proj|svcacct|admin|ant|or|live|test)[-_]/.test(rest)
  return rest.split(/[-_.]/).some((run) => {
    const [hasDigit, hasLower, hasUpper] = [/\d/, /[a-z]/, /[A-Z]/].map((kind) => kind.test(run))
    if (isKey && (vendorPart || run.length >= 6) && hasDigit) return true
    if (isKey && run.length >= 12) return true
    if (hasDigit && hasLower && hasUpper) return run.length >= 8
    if (hasDigit && (hasLower || hasUpper)) return run.length >= 16
    return run.length >= 16 && (hasLower ? hasUpper : hasDigit) === true
  })
}

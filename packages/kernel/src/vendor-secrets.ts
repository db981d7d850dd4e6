/** Which tokens are removed: ids too, or credentials only, for logs, which contain ids of our own. */
export type SecretKinds = 'credentials' | 'credentials-and-ids'

/**
 * Replaces API keys and organisation ids in the formats of vendors (`sk-…`, `org-…`, `proj_…`, `acct_…`,
 * `AIza…`, JWT). A word that only begins like one (`org-chart`, `user_location_hint`, `sk-learn`) stays:
 * the part after the prefix must look random. `credentials-and-ids` also replaces `user-…`, `key-…` and
 * `req_…`. Pure.
 */
export function removeVendorSecrets(text: string, replacement: string, kinds: SecretKinds): string {
  // Fast path: most texts contain none of the prefixes.
  if (!anyPrefix.test(text)) return text
  const replaceIfRandom = (token: string, prefix: string, rest: string) =>
    looksRandom(prefix, rest) ? replacement : token
  return text
    .replaceAll(kinds === 'credentials' ? credentials : credentialsAndIds, replaceIfRandom)
    .replaceAll(plainShapes, replacement)
    .replaceAll(bearer, (match: string, token: string) =>
      /[\d*]|\w\.\w/.test(token) || token.length >= 20 ? replacement : match,
    )
}

const anyPrefix =
  /(?:sk|sess|org|proj|acct|user|key|req|gsk|hf|xai|pplx|nvapi|ghp|glpat|r8)[-_]|AIza|AKIA|eyJ|bearer\s/i
const vendors = 'sk|sess|org|proj|acct|gsk|hf|xai|pplx|nvapi|ghp|glpat|r8'
// After a JSON escape (`\\norg-…`) a token begins in the middle of a word.
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

/** Prefixes that natural-language words rarely have: a shorter random part is enough. */
const keyPrefixes: ReadonlySet<string> = new Set(
  vendors.split('|').filter((prefix) => !['org', 'proj', 'acct'].includes(prefix)),
)

/** Whether some run of letters and digits in `rest` looks randomly generated rather than like a word. */
function looksRandom(prefix: string, rest: string): boolean {
  const isKey = keyPrefixes.has(prefix)
  // A masked key still contains its first or last characters.
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

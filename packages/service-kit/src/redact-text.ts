import { removeVendorSecrets } from '@sluice/kernel/vendor-secrets'

const HIDDEN = '[redacted]'

const secretNames = [
  'secret',
  'password',
  'passphrase',
  'pepper',
  'token',
  'access_?token',
  'refresh_?token',
  'id_?token',
  'api_?key',
  'x-api-key',
  'x-goog-api-key',
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
].join('|')

interface Rule {
  pattern: RegExp
  replacement: string
}

/** Patterns of secrets in a line of JSON. */
const rules: readonly Rule[] = [
  // A member of the line itself: the whole string, escapes included.
  {
    pattern: new RegExp(`("(?:${secretNames})":)"(?:[^"\\\\]|\\\\.)*"`, 'gi'),
    replacement: `$1"${HIDDEN}"`,
  },
  {
    pattern: new RegExp(`("(?:${secretNames})":)\\[[^\\]]*\\]`, 'gi'),
    replacement: `$1["${HIDDEN}"]`,
  },
  // A member of JSON inside a string of the line, such as an upstream's answer in an error message.
  {
    pattern: new RegExp(`(\\\\"(?:${secretNames})\\\\"\\s*:\\s*\\\\")[^"]*"`, 'gi'),
    replacement: `$1${HIDDEN}\\"`,
  },
  {
    pattern: /(?:\b|(?<=\\[nrtbf]))(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi,
    replacement: `$1 ${HIDDEN}`,
  },
  // After a JSON escape such as \n there is no word boundary.
  { pattern: /(?:\b|(?<=\\[nrtbf]))sk-[\w-]{8,}/g, replacement: `sk-${HIDDEN}` },
  { pattern: /(?:\b|(?<=\\[nrtbf]))eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*/g, replacement: HIDDEN },
  // The password of a connection URL.
  { pattern: /(:\/\/[^\s:@/"]*):[^\s@/"]+@/g, replacement: `$1:${HIDDEN}@` },
  // Secrets in a query or a form.
  {
    pattern: new RegExp(`([?&](?:${secretNames}|key|sig|code)=)[^&\\s"\\\\]+`, 'gi'),
    replacement: `$1${HIDDEN}`,
  },
]

/**
 * Redacts everything that looks like a secret, by the name before it or by its own format.
 * JSON stays valid JSON.
 */
export function redactText(text: string): string {
  let redacted = text
  for (const { pattern, replacement } of rules) redacted = redacted.replace(pattern, replacement)
  // Upstreams quote keys and account ids; Sluice's own ids have other prefixes.
  return removeVendorSecrets(redacted, HIDDEN, 'credentials')
}

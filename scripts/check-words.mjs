// Reports retired words: names, comments, texts and docs use the field's terms (docs/STYLE.md).
// `node scripts/check-words.mjs [folder or file …]` checks only those.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

import { allowed, retired } from './lib/retired-words.mjs'

const TEXT =
  /\.(ts|svelte|mjs|cjs|js|md|ya?ml|json|jsonc|css|html|sh|service|conf|example)$|(^|\/)Dockerfile$/
const SKIPPED =
  /^(pnpm-lock\.yaml|scripts\/lib\/retired-words\.mjs|packages\/db\/src\/migrations\/)|\/fixtures\//
const SHOWN_MAX = 200

const files = execFileSync('git', ['ls-files', '--', ...process.argv.slice(2)], {
  encoding: 'utf8',
  maxBuffer: 1 << 26,
})
  .split('\n')
  .filter((path) => TEXT.test(path) && !SKIPPED.test(path))

const found = files.flatMap((path) => [
  ...wordsOf(path).map((word) => describe({ path, line: 0, word })),
  ...readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((text, index) =>
      wordsOf(withoutAllowed(path, text)).map((word) => describe({ path, line: index + 1, word })),
    ),
])

for (const line of found.slice(0, SHOWN_MAX)) console.log(line)
if (found.length > SHOWN_MAX) console.log(`… and ${found.length - SHOWN_MAX} more`)
console.log(`${files.length} files, ${found.length} retired words`)
process.exitCode = found.length === 0 ? 0 : 1

/** The retired words of a text, with repetitions; identifiers are split into their parts. */
function wordsOf(text) {
  const words = text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
  return words.filter((word) => retired.has(word))
}

function withoutAllowed(path, text) {
  return allowed
    .filter(({ paths }) => paths === undefined || paths.test(path))
    .reduce((remaining, { phrase }) => remaining.replaceAll(phrase, ''), text)
}

function describe({ path, line, word }) {
  return `${path}${line === 0 ? '' : `:${line}`}: "${word}" is retired; write ${retired.get(word)}`
}

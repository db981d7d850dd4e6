// Checks that every repository path that a document names in backticks, or links to, exists.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const documents = ['*.md', 'docs/**/*.md', '{packages,services,apps}/*/README.md', 'bench/*.md']
const folders = ['apps', 'services', 'packages', 'test', 'bench', 'infra', 'docs', 'scripts']

const own = /^(src|test|serve)\//
const packageReadme = /^(packages|services|apps)\/[^/]+\/README\.md$/

const files = globSync(documents, { cwd: root })
const wrong = files.flatMap(brokenPaths)
for (const { file, line, path } of wrong) console.error(`${file}:${line}: ${path} does not exist`)
console.log(`${files.length} documents, ${wrong.length} broken paths`)
process.exitCode = wrong.length === 0 ? 0 : 1

function brokenPaths(file) {
  const lines = readFileSync(join(root, file), 'utf8').split('\n')
  return lines.flatMap((text, index) =>
    [...pathsInBackticks(text, file), ...links(text, file)]
      .filter((path) => !exists(path))
      .map((path) => ({ file, line: index + 1, path })),
  )
}

/**
 * `packages/db/src/outbox.ts`, `services/edge-api/`; no routes, npm packages or commands. In a README of a
 * package, `src/…` and `test/…` are paths of that package.
 */
function pathsInBackticks(text, file) {
  const spans = [...text.matchAll(/`([^`\s]+)`/g)].map(([, span]) => span)
  return spans
    .flatMap(expandBraces)
    .map((span) => span.replace(/[:#].*$/, ''))
    .map((span) => (packageReadme.test(file) && own.test(span) ? join(dirname(file), span) : span))
    .filter((span) => folders.some((folder) => span.startsWith(`${folder}/`)))
}

function links(text, file) {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target)
  return targets
    .filter((target) => !/^([a-z]+:|#)/.test(target))
    .map((target) => target.replace(/#.*$/, ''))
    .map((target) => resolve('/', dirname(file), target).slice(1))
}

/** Expands `a/{b,c}/d` to both paths. */
function expandBraces(span) {
  const found = /^(.*)\{([^{}]+)\}(.*)$/.exec(span)
  if (!found) return [span]
  const [, before, choices, after] = found
  return choices.split(',').flatMap((choice) => expandBraces(`${before}${choice}${after}`))
}

/** Stars and <names> are wildcards; at least one file must match. */
function exists(path) {
  const pattern = path.replace(/<[^>]+>/g, '*').replace('…', '**')
  if (!pattern.includes('*')) return existsSync(join(root, path))
  return globSync(pattern, { cwd: root }).some((found) => !found.includes('node_modules'))
}

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../../..')
const folders = '{packages,services,apps,test,bench,infra,scripts}'
const extensions = '{ts,mjs,cjs,js,svelte,css,html,md,json,sql,yml,yaml,lua,sse,txt}'

export interface SourceFile {
  /** Relative to the root of the repository. */
  path: string
  text: string
}

/** The text files that the rules check. */
export interface Repository {
  files: SourceFile[]
}

/** A rule that returns its violations in the repository. */
export interface Rule {
  name: string
  /** What to do about a violation. */
  remedy: string
  /** Each is the file and the words of it that violate the rule: `path:line: words`. */
  violations: (repository: Repository) => string[]
  /** A sample repository that violates the rule, and one that does not: path → text. */
  broken: Record<string, string>
  good: Record<string, string>
}

/** The violations with the rule and its remedy, for readers who see nothing but the failed check. */
export function reportOf({ name, remedy, violations }: Rule, repository: Repository): string[] {
  return violations(repository).map(
    (violation) => `${violation}\n  rule: ${name}\n  remedy: ${remedy}`,
  )
}

export function readRepository(): Repository {
  const exclude = (path: string) => /(^|\/)(node_modules|dist|build|\.svelte-kit)$/.test(path)
  const paths = globSync(
    [`${folders}/**/*.${extensions}`, 'docs/**/*.md', '*.{md,json,yml,ts}', '.env.example'],
    {
      cwd: root,
      exclude,
    },
  )
  return { files: paths.sort().map((path) => ({ path, text: readText(path) })) }
}

export function repositoryOf(files: Record<string, string>): Repository {
  return { files: Object.entries(files).map(([path, text]) => ({ path, text })) }
}

/** Source files of the product, without tests and test tools. */
export function productFiles({ files }: Repository): SourceFile[] {
  return files.filter(({ path }) => isProduct(path))
}

/** `path:line: match` of every match outside comment lines. */
export function linesMatching(files: SourceFile[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const [match] = pattern.exec(line) ?? []
      if (match === undefined || /^\s*(\/\/|\*|\/\*)/.test(line)) return []
      return [`${path}:${index + 1}: ${match.trim()}`]
    }),
  )
}

function isProduct(path: string): boolean {
  if (!/^(packages|services|apps)\/.*\.(ts|svelte)$/.test(path)) return false
  if (/^packages\/(testkit|simulators)\//.test(path)) return false
  return !/\.(test|contract)\.ts$|\/(test|scripts|testing)\//.test(path)
}

function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

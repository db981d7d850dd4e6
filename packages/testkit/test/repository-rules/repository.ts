import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../../..')
const rooms = '{packages,services,apps,test,bench,infra,scripts}'
const kinds = '{ts,mjs,cjs,js,svelte,css,html,md,json,sql,yml,yaml,lua,sse,txt}'

export interface SourceFile {
  /** From the root of the repository. */
  path: string
  text: string
}

/** The repository as its rules see it. */
export interface Repository {
  files: SourceFile[]
}

/** A rule reads the house and names each place that breaks it. */
export interface Rule {
  name: string
  violations: (repository: Repository) => string[]
  /** A house that breaks the rule, and one that keeps it: path → text. */
  broken: Record<string, string>
  good: Record<string, string>
}

export function readRepository(): Repository {
  const exclude = (path: string) => /(^|\/)(node_modules|dist|build|\.svelte-kit)$/.test(path)
  const paths = globSync(
    [`${rooms}/**/*.${kinds}`, 'docs/**/*.md', '*.{md,json,yml,ts}', '.env.example'],
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

/** Code of the product: what runs when a caller asks for something. */
export function productFiles({ files }: Repository): SourceFile[] {
  return files.filter(({ path }) => isProduct(path))
}

/** `path:line` of every match, but for lines that only comment. */
export function linesMatching(files: SourceFile[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        pattern.test(line) && !/^\s*(\/\/|\*|\/\*)/.test(line) ? [`${path}:${index + 1}`] : [],
      ),
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

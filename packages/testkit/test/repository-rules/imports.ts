import { posix } from 'node:path'

import type { Repository, SourceFile } from './repository.ts'

const LIB = 'apps/dashboard/src/lib/'

/** Imports of values, including dynamic ones and re-exports. Type imports are removed before code runs. */
const imported =
  /^\s*(?:import|export)\s+(?!type\b)[^'"`;]*?\bfrom\s+['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm

/** The specifiers of all modules that the code imports at run time. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(imported)].flatMap((found) => found[1] ?? found[2] ?? found[3] ?? [])
}

/** The import chain from a file to the first module with this name; undefined without one. */
export function importChain(
  repository: Repository,
  start: SourceFile,
  module: string,
): string[] | undefined {
  const byPath = new Map(repository.files.map((file) => [file.path, file]))
  const seen = new Set([start.path])
  const queue: [file: SourceFile, chain: string[]][] = [[start, [start.path]]]
  for (const [file, chain] of queue) {
    for (const name of importsOf(file.text)) {
      if (name === module || name.startsWith(`${module}/`)) return [...chain, name]
      const next = byPath.get(pathOf(file.path, name) ?? '')
      if (!next || seen.has(next.path)) continue
      seen.add(next.path)
      queue.push([next, [...chain, next.path]])
    }
  }
  return undefined
}

/** The path of a module of this repository; undefined for npm packages. */
function pathOf(from: string, name: string): string | undefined {
  if (name.startsWith('.')) return posix.join(posix.dirname(from), name)
  if (name.startsWith('#lib/')) return LIB + name.slice('#lib/'.length)
  const [, packageName, module] = /^@sluice\/(contracts|kernel)\/(.+)$/.exec(name) ?? []
  return packageName === undefined ? undefined : `packages/${packageName}/src/${module}.ts`
}

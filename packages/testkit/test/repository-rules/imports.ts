import { posix } from 'node:path'

import type { Repository, SourceFile } from './repository.ts'

const LIB = 'apps/dashboard/src/lib/'

/** Imports of values, also dynamic ones and of what is passed on. Types are gone before code runs. */
const imported =
  /^\s*(?:import|export)\s+(?!type\b)[^'"`;]*?\bfrom\s+['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm

/** Modules that code brings along, by the names that it uses. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(imported)].flatMap((found) => found[1] ?? found[2] ?? found[3] ?? [])
}

/** The way from a file to the first module of this name that it brings along; undefined without one. */
export function wayTo(
  repository: Repository,
  start: SourceFile,
  module: string,
): string[] | undefined {
  const byPath = new Map(repository.files.map((file) => [file.path, file]))
  const seen = new Set([start.path])
  const ways: [file: SourceFile, way: string[]][] = [[start, [start.path]]]
  for (const [file, way] of ways) {
    for (const name of importsOf(file.text)) {
      if (name === module || name.startsWith(`${module}/`)) return [...way, name]
      const next = byPath.get(pathOf(file.path, name) ?? '')
      if (!next || seen.has(next.path)) continue
      seen.add(next.path)
      ways.push([next, [...way, next.path]])
    }
  }
  return undefined
}

/** Where a module of ours lies; undefined for those of others. */
function pathOf(from: string, name: string): string | undefined {
  if (name.startsWith('.')) return posix.join(posix.dirname(from), name)
  if (name.startsWith('#lib/')) return LIB + name.slice('#lib/'.length)
  const [, pack, module] = /^@sluice\/(contracts|kernel)\/(.+)$/.exec(name) ?? []
  return pack === undefined ? undefined : `packages/${pack}/src/${module}.ts`
}

import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The inputs of a panel build. */
const sources = [
  'apps/dashboard/src',
  'apps/dashboard/static',
  'apps/dashboard/package.json',
  'apps/dashboard/tsconfig.json',
  'apps/dashboard/vite.config.ts',
  'packages/contracts/src',
  'packages/kernel/src',
  'pnpm-lock.yaml',
]

/** Twelve hex digits of a hash over the contents of the sources, independent of time and folder. */
export function panelStamp(root) {
  const hash = createHash('sha256')
  for (const source of sources) {
    for (const path of filesOf(root, source)) {
      hash.update(`${path}\0`)
      hash.update(readFileSync(join(root, path)))
      hash.update('\0')
    }
  }
  return hash.digest('hex').slice(0, 12)
}

function filesOf(root, source) {
  let entries
  try {
    entries = readdirSync(join(root, source), { recursive: true, withFileTypes: true })
  } catch (error) {
    if (error.code === 'ENOTDIR') return [source]
    throw error
  }
  return entries
    .filter((entry) => entry.isFile() && !/\.(test|contract)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .sort()
}

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const run = promisify(execFile)
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024

/**
 * Copies the checkout like a clone with installed packages: git's files, the packages and the built panel.
 * Packages are hard links if the file system permits, so that this takes seconds and no network.
 */
export async function copyCheckout(target: string): Promise<void> {
  const files = await listFiles()
  await Promise.all([...new Set(files.map(dirname))].map((folder) => makeFolder(target, folder)))
  for (const file of files) await copyFile(join(root, file), join(target, file))
  const packages = files.filter((file) => /(^|\/)package\.json$/.test(file)).map(dirname)
  const installed = packages.map((folder) => join(folder, 'node_modules'))
  for (const folder of [...installed, 'dist']) await copyFolder(target, folder)
}

async function listFiles(): Promise<string[]> {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { stdout } = await run('git', args, { cwd: root, maxBuffer: OUTPUT_BYTES_MAX })
  return [...new Set(stdout.split('\0'))].filter((file) => file && existsSync(join(root, file)))
}

async function makeFolder(target: string, folder: string): Promise<void> {
  await mkdir(join(target, folder), { recursive: true })
}

async function copyFolder(target: string, folder: string): Promise<void> {
  if (!existsSync(join(root, folder))) return
  const [from, to] = [join(root, folder), join(target, folder)]
  try {
    await run('cp', ['-al', from, to])
  } catch {
    // Another file system, or a `cp` without links.
    await run('rm', ['-rf', to])
    await run('cp', ['-a', from, to])
  }
}

import { createHash } from 'node:crypto'

/**
 * Where a blob's file lies below the store's folder. Flat: the file's name is the key, in one of 256
 * folders chosen by the key's first two segments. So a put syncs one folder, a removal leaves no
 * empty folders behind, and a prefix of two segments is found in one folder.
 */
export function locationOf(key: string): { folder: string; file: string } {
  return { folder: folderOf(key), file: key.replaceAll('/', ',') }
}

/** The key whose file has this name. */
export function keyOfFile(file: string): string {
  return file.replaceAll(',', '/')
}

/** The folders in which blobs below this prefix may lie. */
export function foldersOf(prefix: string): string[] {
  const segments = prefix.split('/').slice(0, -1)
  return segments.length >= 2 ? [folderOf(prefix)] : allFolders
}

const allFolders = Array.from({ length: 256 }, (_none, index) =>
  index.toString(16).padStart(2, '0'),
)

function folderOf(key: string): string {
  const group = key.split('/').slice(0, 2).join('/')
  return createHash('sha256').update(group).digest('hex').slice(0, 2)
}

import { createHash } from 'node:crypto'

/**
 * The path of a blob's file below the store's folder: the file name is the key, in one of 256 folders
 * selected by the hash of the key's first two segments. So a put syncs one folder, a removal leaves no
 * empty folders, and all blobs below a prefix of two segments are in one folder.
 */
export function locationOf(key: string): { folder: string; file: string } {
  return { folder: folderOf(key), file: key.replaceAll('/', ',') }
}

/** The key whose file has this name. */
export function keyOfFile(file: string): string {
  return file.replaceAll(',', '/')
}

/** The folders that can contain blobs below this prefix. */
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

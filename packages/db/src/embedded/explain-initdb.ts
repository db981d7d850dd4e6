/** Remedies for failures of initdb whose messages do not contain one. */
const remedies: readonly [RegExp, string][] = [
  [
    /could not look up effective user ID (\d+)/,
    'PostgreSQL needs a user with a name: add one (useradd --uid $1 sluice), or set DATABASE_URL to a server that runs elsewhere.',
  ],
  [
    /Read-only file system/i,
    'The data folder must be writable: set SLUICE_DATA_DIR to a folder that is.',
  ],
  [
    /No space left on device|Disk quota exceeded/i,
    'Make room, or set SLUICE_DATA_DIR to a folder on another disk.',
  ],
]

/** The error text of a failed initdb, with a remedy if the failure is known. Pure. */
export function explainInitdb({ folder, written }: { folder: string; written: string }): string {
  const failed = `PostgreSQL could not create its data in ${folder}: ${written}`
  for (const [pattern, remedy] of remedies) {
    const [found, first = ''] = pattern.exec(written) ?? []
    if (found !== undefined) return `${failed}. ${remedy.replace('$1', first)}`
  }
  return failed
}

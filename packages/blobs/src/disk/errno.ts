/** True when the operating system refused with one of these codes. */
export function isErrno(error: unknown, ...codes: string[]): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return typeof error.code === 'string' && codes.includes(error.code)
}

/** What the work answers; undefined when it found nothing there. */
export async function ignoringAbsence<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work
  } catch (error) {
    // A path through what is no folder leads nowhere, too; said as it is, it would hide why a write failed.
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

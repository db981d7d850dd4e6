/** True for an error of the operating system with one of these codes. */
export function isErrno(error: unknown, ...codes: string[]): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return typeof error.code === 'string' && codes.includes(error.code)
}

/** The result of the work; undefined when it failed because the file does not exist. */
export async function ignoreNotFound<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work
  } catch (error) {
    // ENOTDIR: part of the path is not a folder. Rethrown, it would hide the error of the failed write.
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

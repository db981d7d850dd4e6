import { goto } from '$app/navigation'

import { localPath, paths } from '../paths.ts'

/** The way to login when a session has ended in mid-use; afterwards the person is back where they were. */
export async function leaveForLogin({ pathname, search }: URL | Location): Promise<void> {
  await goto(paths.login(localPath(`${pathname}${search}`)))
}

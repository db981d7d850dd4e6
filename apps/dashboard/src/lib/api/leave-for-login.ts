import { goto } from '$app/navigation'

import { localPath, paths } from '../paths.ts'

/** Navigates to the login page when the session has expired; after login the user returns to this page. */
export async function leaveForLogin({ pathname, search }: URL | Location): Promise<void> {
  await goto(paths.login(localPath(`${pathname}${search}`)))
}

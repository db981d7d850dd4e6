import { createApi } from './create-api.ts'
import type { Api } from './create-api.ts'
import { leaveForLogin } from './leave-for-login.ts'

/**
 * The client for actions of a page such as cancel, switch or ban. Browser only. Throws `ApiError`, which
 * the page shows by `explainError`; on an expired session it also redirects to the login page.
 */
export function actionApi(): Api {
  return createApi(async (input, init) => {
    const answer = await fetch(input, init)
    if (answer.status === 401) await leaveForLogin(location)
    return answer
  })
}

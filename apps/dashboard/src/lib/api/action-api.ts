import { createApi } from './create-api.ts'
import type { Api } from './create-api.ts'
import { leaveForLogin } from './leave-for-login.ts'

/**
 * The client for acts of a page: cancel, switch, ban. Browser only. Throws `ApiError`, which the page
 * tells by `explainError`; a session that has ended leads to login and back by itself as well.
 */
export function actionApi(): Api {
  return createApi(async (input, init) => {
    const answer = await fetch(input, init)
    if (answer.status === 401) await leaveForLogin(location)
    return answer
  })
}

import type { Dialect } from '@sluice/contracts/dialects'
import { isBuiltIn } from '@sluice/contracts/dialects'
import { AppError } from '@sluice/kernel/app-error'

/** Throws `invalid_value` for an invalid base URL. */
export function checkBaseUrl({ dialect, baseUrl }: { dialect: Dialect; baseUrl: string }): void {
  if (isBuiltIn(dialect)) return
  const url = URL.parse(baseUrl)
  const plain = url !== null && url.username === '' && url.password === '' && url.hash === ''
  if (!plain || !/^https?:$/.test(url.protocol)) {
    throw new AppError('invalid_value', 'must be an http(s) address without a password', {
      param: 'baseUrl',
    })
  }
}

/** Whether both URLs have the same origin, so that secrets of one may be sent to the other. */
export function sameOrigin(one: string, other: string): boolean {
  return originOf(one) === originOf(other)
}

const originOf = (baseUrl: string) => URL.parse(baseUrl)?.origin ?? ''

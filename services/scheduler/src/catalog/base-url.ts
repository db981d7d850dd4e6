import type { Dialect } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'

/** Throws `invalid_value` for a base URL that calls cannot go to. */
export function checkBaseUrl({ dialect, baseUrl }: { dialect: Dialect; baseUrl: string }): void {
  // The sandbox is inside the house and has no address.
  if (dialect === 'sandbox') return
  const url = URL.parse(baseUrl)
  const plain = url !== null && url.username === '' && url.password === '' && url.hash === ''
  if (!plain || !/^https?:$/.test(url.protocol)) {
    throw new AppError('invalid_value', 'must be an http(s) address without a password', {
      param: 'baseUrl',
    })
  }
}

/** Whether secrets for the one go to the same place as secrets for the other. */
export function sameOrigin(one: string, other: string): boolean {
  return originOf(one) === originOf(other)
}

const originOf = (baseUrl: string) => URL.parse(baseUrl)?.origin ?? ''

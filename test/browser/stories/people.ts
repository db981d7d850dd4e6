import { ask } from '../harness/furnish.ts'
import { ADMIN } from '../harness/house.ts'
import type { House } from '../harness/house.ts'
import type { Visit } from './stage.ts'

export interface Account {
  id: string
  email: string
  password: string
}

let made = 0

/** Makes a person by the API, with credits or without. */
export async function makeAccount(house: House, creditsMicro?: bigint): Promise<Account> {
  made += 1
  const email = `guest-${made}@sluice.test`
  const password = 'a long pass phrase for a guest'
  const { access_token: as } = await ask<{ access_token: string }>(house, 'login', { body: ADMIN })
  const { id } = await ask<{ id: string }>(house, 'createUser', { as, body: { email, password } })
  if (creditsMicro !== undefined) {
    await ask(house, 'grantCredits', {
      as,
      params: { id },
      headers: { 'idempotency-key': `guest-${made}` },
      body: { amount_micro: String(creditsMicro), note: 'for a story' },
    })
  }
  return { id, email, password }
}

/** Signs in where one was led to: on the login page of this moment, not by its plain address. */
export async function signInHere(
  { page, words: { login } }: Visit,
  { email, password }: Pick<Account, 'email' | 'password'>,
): Promise<void> {
  await page.getByRole('heading', { name: login.title }).waitFor()
  await page.getByLabel(login.email).fill(email)
  await page.getByLabel(login.password, { exact: true }).fill(password)
  await page.getByRole('button', { name: login.submit }).click()
}

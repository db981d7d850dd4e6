import { submitPrompt } from '../harness/seed.ts'
import { ADMIN } from '../harness/installation.ts'
import type { Installation } from '../harness/installation.ts'
import type { Visit } from './stage.ts'

export interface Account {
  id: string
  email: string
  password: string
}

let made = 0

/** Makes a person by the API, with credits or without. */
export async function makeAccount(
  installation: Installation,
  creditsMicro?: bigint,
): Promise<Account> {
  made += 1
  const email = `guest-${made}@sluice.test`
  const password = 'a long pass phrase for a guest'
  const { access_token: as } = await submitPrompt<{ access_token: string }>(installation, 'login', {
    body: ADMIN,
  })
  const { id } = await submitPrompt<{ id: string }>(installation, 'createUser', {
    as,
    body: { email, password },
  })
  if (creditsMicro !== undefined) {
    await submitPrompt(installation, 'grantCredits', {
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
  { page, messages: { login } }: Visit,
  { email, password }: Pick<Account, 'email' | 'password'>,
): Promise<void> {
  await page.getByRole('heading', { name: login.title }).waitFor()
  await page.getByLabel(login.email).fill(email)
  await page.getByLabel(login.password, { exact: true }).fill(password)
  await page.getByRole('button', { name: login.submit }).click()
}

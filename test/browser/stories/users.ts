import { callControlApi } from '../harness/seed.ts'
import { ADMIN } from '../harness/installation.ts'
import type { Installation } from '../harness/installation.ts'
import type { PanelUser } from './environment.ts'

export interface Account {
  id: string
  email: string
  password: string
}

let made = 0

/** Creates a user by the API, with or without credits. */
export async function createAccount(
  installation: Installation,
  creditsMicro?: bigint,
): Promise<Account> {
  made += 1
  const email = `guest-${made}@sluice.test`
  const password = 'a long pass phrase for a guest'
  const { access_token: as } = await callControlApi<{ access_token: string }>(
    installation,
    'login',
    {
      body: ADMIN,
    },
  )
  const { id } = await callControlApi<{ id: string }>(installation, 'createUser', {
    as,
    body: { email, password },
  })
  if (creditsMicro !== undefined) {
    await callControlApi(installation, 'grantCredits', {
      as,
      params: { id },
      headers: { 'idempotency-key': `guest-${made}` },
      body: { amount_micro: String(creditsMicro), note: 'for a story' },
    })
  }
  return { id, email, password }
}

/** Signs in on the current login page, keeping its query. */
export async function signInHere(
  { page, messages: { login } }: PanelUser,
  { email, password }: Pick<Account, 'email' | 'password'>,
): Promise<void> {
  await page.getByRole('heading', { name: login.title }).waitFor()
  await page.getByLabel(login.email).fill(email)
  await page.getByLabel(login.password, { exact: true }).fill(password)
  await page.getByRole('button', { name: login.submit }).click()
}

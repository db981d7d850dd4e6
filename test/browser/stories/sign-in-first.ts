import { expect } from 'vitest'

import type { PanelUser } from './environment.ts'
import { untilInteractive, open } from './environment.ts'

/** The address and first admin that `npm start` prints. */
export interface Printed {
  address: string
  email: string
  password: string
}

/** Parses the address and the first admin from the output. */
export function readPrinted(output: string): Printed {
  const find = (pattern: RegExp) => {
    const found = pattern.exec(output)?.[1]
    if (found === undefined) throw new Error(`${pattern} is not in:\n${output}`)
    return found
  }
  return {
    address: find(/Sluice listens on (\S+)/),
    email: find(/admin +(\S+)/),
    password: find(/password +(\S.*)/),
  }
}

/** Signs in at the printed address, with a wrong password first, up to the welcome page. */
export async function signInFirst(
  user: PanelUser,
  { address, email, password, isNew }: Printed & { isNew: boolean },
): Promise<void> {
  const { page, messages } = user
  const { login, errors, welcome } = messages
  await page.goto(address)
  await page.getByRole('heading', { name: login.title }).waitFor()
  await page.getByLabel(login.email).fill(email)
  await page.getByLabel(login.password, { exact: true }).fill('not the password at all')
  const submit = page.getByRole('button', { name: login.submit })
  await submit.click()
  await page.getByRole('alert').getByText(errors.codes.wrong_credentials).waitFor()
  expect(await page.getByLabel(login.email).inputValue()).toBe(email)

  await page.getByLabel(login.password, { exact: true }).fill(password)
  await submit.click()
  await untilInteractive(user, page)
  // Users with pictures are redirected to the overview.
  expect(new URL(page.url()).pathname).toBe(isNew ? '/welcome' : '/')
  if (!isNew) await open(user, '/welcome')
  await page.getByRole('heading', { name: welcome.title }).waitFor()
}

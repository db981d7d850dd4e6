import { expect } from 'vitest'

import type { Visit } from './stage.ts'
import { alive, open } from './stage.ts'

/** What `npm start` prints for the person who started it. */
export interface Printed {
  address: string
  email: string
  password: string
}

/** Reads the address and the first admin from what the program printed. */
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

/** From the printed address to the welcome page, with a wrong password first. */
export async function signInFirst(
  visit: Visit,
  { address, email, password, isNew }: Printed & { isNew: boolean },
): Promise<void> {
  const { page, messages } = visit
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
  await alive(visit, page)
  // Who has drawn before is led to the overview.
  expect(new URL(page.url()).pathname).toBe(isNew ? '/welcome' : '/')
  if (!isNew) await open(visit, '/welcome')
  await page.getByRole('heading', { name: welcome.title }).waitFor()
}

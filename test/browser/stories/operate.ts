import { queryDatabase } from '@sluice/e2e/harness/ledger'
import { expect } from 'vitest'

import type { Visit } from './stage.ts'
import { goTo, soon } from './stage.ts'

/** The live overview counts what was stored, and a further picture while one looks. */
export async function watchTheSystem(
  visit: Visit,
  { stored, drawAnother }: { stored: number; drawAnother: () => Promise<void> },
): Promise<void> {
  const { page, messages } = visit
  const { system, everywhere } = messages
  await goTo(visit, 'admin')
  await page.getByText(everywhere.live.open, { exact: true }).waitFor()
  const today = page.getByRole('region', { name: system.today })
  const count = today.locator('div').filter({ hasText: system.stored }).locator('dd').first()
  await soon(() => count.innerText()).toBe(String(stored))
  await drawAnother()
  await soon(() => count.innerText()).toBe(String(stored + 1))
}

/** Makes a person with a password of our making, and gives them credits with an impatient hand. */
export async function makeUser(visit: Visit, email: string): Promise<{ password: string }> {
  const { installation, page, messages } = visit
  const { users, everywhere } = messages
  await goTo(visit, 'users')
  await page.getByRole('link', { name: users.create }).click()
  const sheet = page.getByRole('dialog', { name: users.createTitle })
  await sheet.getByLabel(users.fields.email).fill(email)
  await sheet.getByRole('button', { name: users.createAction }).click()
  const made = page.getByRole('dialog', { name: users.made.title })
  const block = made.getByRole('region', { name: users.made.password })
  const password = (await block.innerText()).trim()
  await made.getByRole('button', { name: users.made.done }).click()

  await page.getByRole('link', { name: email }).click()
  const gift = page.getByRole('region', { name: users.detail.credits })
  await gift.getByLabel(users.fields.amount).fill('12.5')
  await gift.getByLabel(users.fields.note).fill('for the story')
  await gift.getByRole('button', { name: users.detail.give }).dblclick()
  await page.getByText(users.detail.given(everywhere.amount('12.5'))).waitFor()
  const [balance] = await queryDatabase<{ total: string }>(
    { running: installation },
    `select a.balance_micro::text as total from ledger_accounts a
       join users u on u.wallet = a.owner where a.kind = 'available' and u.email = $1`,
    [email],
  )
  expect(balance?.total).toBe('12500000')
  const facts = page.getByRole('region', { name: users.detail.facts })
  await soon(() => facts.locator('data').first().getAttribute('value')).toBe('12500000')
  return { password }
}

/** Tests the upstream, takes its channel off, and puts it on again. */
export async function switchChannel(visit: Visit, name: string): Promise<void> {
  const { page, messages } = visit
  const { channels } = messages
  await goTo(visit, 'channels')
  await page.getByRole('link', { name, exact: true }).click()
  await page.getByRole('button', { name: channels.detail.test }).click()
  await page.getByText(channels.detail.tested.ok).waitFor()
  await goTo(visit, 'channels')
  const control = page.getByRole('switch', { name: channels.switchNamed(name) })
  await control.click()
  await page.getByText(channels.switchedOff(name)).waitFor()
  await soon(() => control.isChecked()).toBe(false)
  await soon(() => control.getAttribute('aria-busy')).toBeNull()
  await control.click()
  await page.getByText(channels.switchedOn(name)).waitFor()
  await soon(() => control.isChecked()).toBe(true)
}

/** Leaves by the menu; neither an address nor the way back shows a page again. */
export async function signOut({ page, messages }: Visit): Promise<void> {
  await page.getByRole('button', { name: messages.shell.yourAccount }).click()
  await page.getByRole('menuitem', { name: messages.everywhere.signOut }).click()
  await page.getByRole('heading', { name: messages.login.title }).waitFor()
  await page.goBack()
  await page.getByRole('heading', { name: messages.login.title }).waitFor()
}

import { queryDatabase } from '@sluice/e2e/harness/ledger'
import { expect } from 'vitest'

import type { PanelUser } from './environment.ts'
import { goTo, eventually } from './environment.ts'

/** Checks that the live overview counts the stored pictures, and another one while it is open. */
export async function checkOverview(
  user: PanelUser,
  { stored, generateAnother }: { stored: number; generateAnother: () => Promise<void> },
): Promise<void> {
  const { page, messages } = user
  const { system, everywhere } = messages
  await goTo(user, 'admin')
  await page.getByText(everywhere.live.open, { exact: true }).waitFor()
  const today = page.getByRole('region', { name: system.today })
  const count = today.locator('div').filter({ hasText: system.stored }).locator('dd').first()
  await eventually(() => count.innerText()).toBe(String(stored))
  await generateAnother()
  await eventually(() => count.innerText()).toBe(String(stored + 1))
}

/** Creates a user with a generated password, and grants credits with a double click. */
export async function createUser(user: PanelUser, email: string): Promise<{ password: string }> {
  const { installation, page, messages } = user
  const { users, everywhere } = messages
  await goTo(user, 'users')
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
  await eventually(() => facts.locator('data').first().getAttribute('value')).toBe('12500000')
  return { password }
}

/** Tests the upstream, disables its channel and enables it again. */
export async function switchChannel(user: PanelUser, name: string): Promise<void> {
  const { page, messages } = user
  const { channels } = messages
  await goTo(user, 'channels')
  await page.getByRole('link', { name, exact: true }).click()
  await page.getByRole('button', { name: channels.detail.test }).click()
  await page.getByText(channels.detail.tested.ok).waitFor()
  await goTo(user, 'channels')
  const control = page.getByRole('switch', { name: channels.switchNamed(name) })
  await control.click()
  await page.getByText(channels.switchedOff(name)).waitFor()
  await eventually(() => control.isChecked()).toBe(false)
  await eventually(() => control.getAttribute('aria-busy')).toBeNull()
  await control.click()
  await page.getByText(channels.switchedOn(name)).waitFor()
  await eventually(() => control.isChecked()).toBe(true)
}

/** Signs out by the menu; the back button shows no page again. */
export async function signOut({ page, messages }: PanelUser): Promise<void> {
  await page.getByRole('button', { name: messages.shell.yourAccount }).click()
  await page.getByRole('menuitem', { name: messages.everywhere.signOut }).click()
  await page.getByRole('heading', { name: messages.login.title }).waitFor()
  await page.goBack()
  await page.getByRole('heading', { name: messages.login.title }).waitFor()
}

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import OpenAI, { APIError } from 'openai'
import { expect } from 'vitest'

import type { PanelUser } from './environment.ts'
import { untilInteractive, goTo, eventually } from './environment.ts'

const run = promisify(execFile)
const PROGRAM_WITHIN_MS = 20_000

/** Creates a key by the form; it is shown only once. */
export async function createKey(user: PanelUser, name: string): Promise<string> {
  const { page, messages } = user
  const { keys } = messages
  await goTo(user, 'keys')
  await page.getByRole('link', { name: keys.create }).first().click()
  const sheet = page.getByRole('dialog', { name: keys.createTitle })
  await sheet.getByLabel(keys.fields.name).fill(name)
  await sheet.getByRole('button', { name: keys.createAction }).click()
  const shown = page.getByRole('dialog', { name: keys.once.title })
  const block = shown.getByRole('region', { name: keys.once.key, exact: true })
  const apiKey = (await block.innerText()).trim()
  expect(apiKey).toMatch(/^sk-/)
  // Esc must not close the dialog.
  await page.keyboard.press('Escape')
  expect(await block.isVisible()).toBe(true)
  await shown.getByRole('button', { name: keys.once.done }).click()
  await shown.waitFor({ state: 'hidden' })
  await page.reload()
  await untilInteractive(user, page)
  await page.getByRole('table', { name: keys.title }).getByText(name).waitFor()
  expect(await page.content()).not.toContain(apiKey)
  return apiKey
}

/** Runs the copied command in a shell; returns the picture links. */
export async function runCurl(line: string, apiKey: string): Promise<string[]> {
  const { stdout } = await run('sh', ['-c', `${line.replace(/^curl/, 'curl -sS')}`], {
    env: { PATH: process.env['PATH'] ?? '', SLUICE_KEY: apiKey },
    timeout: PROGRAM_WITHIN_MS,
  })
  const { data } = JSON.parse(stdout) as { data: { url: string }[] }
  return data.map(({ url }) => url)
}

/** Uses the key with the OpenAI SDK, edits its limit, and revokes it. */
export async function exerciseKeyLifecycle(
  { installation, page, messages }: PanelUser,
  { name, apiKey }: { name: string; apiKey: string },
): Promise<void> {
  const { keys } = messages
  const client = new OpenAI({ apiKey, baseURL: `${installation.baseUrl}/v1`, maxRetries: 0 })
  const outcome = () =>
    client.models.list().then(
      ({ data }) => data.length,
      (error: unknown) => (error instanceof APIError ? error.status : String(error)),
    )
  expect(await outcome()).toBeGreaterThan(1)

  const row = page.getByRole('row').filter({ hasText: name })
  await row.getByRole('link', { name: keys.editNamed(name) }).click()
  const sheet = page.getByRole('dialog', { name: keys.editTitle })
  await sheet.getByLabel(keys.fields.rpm).fill('2')
  await sheet.getByRole('button', { name: keys.save }).click()
  await page.getByText(keys.saved).waitFor()
  await row.getByText(keys.limits.rpm('2')).waitFor()
  await eventually(outcome).toBe(429)

  await row.getByRole('button', { name: keys.revokeNamed(name) }).click()
  const dialog = page.getByRole('alertdialog', { name: keys.revokeTitle })
  const revoke = dialog.getByRole('button', { name: keys.revokeAction })
  expect(await revoke.getAttribute('aria-disabled')).toBe('true')
  await dialog.getByLabel(messages.everywhere.typeToConfirm(name)).fill(name)
  await revoke.click()
  await page.getByText(keys.revoked, { exact: true }).waitFor()
  await row.getByText(keys.states.revoked, { exact: true }).waitFor()
  await eventually(outcome).toBe(401)
}

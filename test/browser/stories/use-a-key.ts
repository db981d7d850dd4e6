import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import OpenAI, { APIError } from 'openai'
import { expect } from 'vitest'

import type { Visit } from './stage.ts'
import { alive, goTo, soon } from './stage.ts'

const run = promisify(execFile)
const PROGRAM_WITHIN_MS = 20_000

/** Makes a key by the form; it is shown this once and never again. */
export async function makeKey(visit: Visit, name: string): Promise<string> {
  const { page, messages } = visit
  const { keys } = messages
  await goTo(visit, 'keys')
  await page.getByRole('link', { name: keys.create }).first().click()
  const sheet = page.getByRole('dialog', { name: keys.createTitle })
  await sheet.getByLabel(keys.fields.name).fill(name)
  await sheet.getByRole('button', { name: keys.createAction }).click()
  const shown = page.getByRole('dialog', { name: keys.once.title })
  const block = shown.getByRole('region', { name: keys.once.key, exact: true })
  const apiKey = (await block.innerText()).trim()
  expect(apiKey).toMatch(/^sk-/)
  // A press beside it, or Esc, must not lose it.
  await page.keyboard.press('Escape')
  expect(await block.isVisible()).toBe(true)
  await shown.getByRole('button', { name: keys.once.done }).click()
  await shown.waitFor({ state: 'hidden' })
  await page.reload()
  await alive(visit, page)
  await page.getByRole('table', { name: keys.title }).getByText(name).waitFor()
  expect(await page.content()).not.toContain(apiKey)
  return apiKey
}

/** The line that the panel copied, in a shell; answers the links that it printed. */
export async function runCurl(line: string, apiKey: string): Promise<string[]> {
  const { stdout } = await run('sh', ['-c', `${line.replace(/^curl/, 'curl -sS')}`], {
    env: { PATH: process.env['PATH'] ?? '', SLUICE_KEY: apiKey },
    timeout: PROGRAM_WITHIN_MS,
  })
  const { data } = JSON.parse(stdout) as { data: { url: string }[] }
  return data.map(({ url }) => url)
}

/** The key opens the gateway by the OpenAI SDK; an edit holds; a revoked one is refused. */
export async function useKeyUp(
  { installation, page, messages }: Visit,
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
  await soon(outcome).toBe(429)

  await row.getByRole('button', { name: keys.revokeNamed(name) }).click()
  const asking = page.getByRole('alertdialog', { name: keys.revokeTitle })
  const revoke = asking.getByRole('button', { name: keys.revokeAction })
  expect(await revoke.getAttribute('aria-disabled')).toBe('true')
  await asking.getByLabel(messages.everywhere.typeToConfirm(name)).fill(name)
  await revoke.click()
  await page.getByText(keys.revoked, { exact: true }).waitFor()
  await row.getByText(keys.states.revoked, { exact: true }).waitFor()
  await soon(outcome).toBe(401)
}

import type { Locator, Page } from 'playwright-core'

import type { PanelUser } from './environment.ts'
import { open } from './environment.ts'

/** The stages of a picture: the values of the tile's `data-stage`. */
export type Stage = 'queued' | 'generating' | 'stored' | 'failed' | 'cancelled'

/** The model of the test upstream, whose pictures a test can hold. */
export const TEST_IMAGE_MODEL = 'gpt-image-2'

/** The controls of the studio by their accessible names. */
export function studioOf(
  { page, messages }: Pick<PanelUser, 'page' | 'messages'>,
  tab: Page = page,
) {
  const { studio, pictures } = messages
  const row = (prompt: string) => tab.getByRole('article', { name: prompt })
  return {
    open: () => open({ page, messages }, '/studio', tab),
    prompt: tab.getByRole('textbox', { name: studio.prompt, exact: true }),
    model: tab.getByLabel(studio.model, { exact: true }),
    // Other buttons of the page have the word in their help text.
    generate: tab.getByRole('button', { name: new RegExp(`^${studio.generate}`) }),
    price: tab.locator('p', { hasText: studio.priceLabel }).locator('data'),
    row,
    /** The tiles of a request at a stage. */
    at: (prompt: string, stage: Stage) => row(prompt).locator(`[data-stage="${stage}"]`),
    cancel: (prompt: string) => row(prompt).getByRole('button', { name: pictures.cancel }),
    picture: (prompt: string, index = 1) =>
      row(prompt).getByRole('button', { name: pictures.open(index, prompt) }),
    partial: (prompt: string) =>
      row(prompt).getByRole('img', { name: pictures.partial(pictures.alt(1, prompt)) }),
  }
}

/** Submits a prompt with the test model; returns the new row. */
export async function submitPrompt(
  user: PanelUser,
  prompt: string,
  tab: Page = user.page,
): Promise<Locator> {
  const studio = studioOf(user, tab)
  await studio.prompt.fill(prompt)
  await studio.model.selectOption(TEST_IMAGE_MODEL)
  await studio.generate.click()
  const row = studio.row(prompt)
  await row.waitFor()
  return row
}

/** Submits a prompt and waits until the picture is stored. */
export async function generatePicture(user: PanelUser, prompt: string): Promise<void> {
  await submitPrompt(user, prompt)
  await studioOf(user).at(prompt, 'stored').waitFor()
}

import type { Locator, Page } from 'playwright-core'

import type { Visit } from './stage.ts'
import { open } from './stage.ts'

/** The stages of a picture, as its tile carries them. */
export type Stage = 'queued' | 'generating' | 'stored' | 'failed' | 'cancelled'

/** The model behind the painter, whose pictures a story can hold. */
export const PAINTED_MODEL = 'gpt-image-2'

/** The controls of the studio, by the names that a person reads. */
export function studioOf({ page, messages }: Pick<Visit, 'page' | 'messages'>, tab: Page = page) {
  const { studio, pictures } = messages
  const row = (prompt: string) => tab.getByRole('article', { name: prompt })
  return {
    open: () => open({ page, messages }, '/studio', tab),
    prompt: tab.getByRole('textbox', { name: studio.prompt, exact: true }),
    model: tab.getByLabel(studio.model, { exact: true }),
    generate: tab.getByRole('button', { name: studio.generate }),
    price: tab.locator('p', { hasText: studio.priceLabel }).locator('data'),
    row,
    /** Tiles of this request that are at this stage. */
    at: (prompt: string, stage: Stage) => row(prompt).locator(`[data-stage="${stage}"]`),
    cancel: (prompt: string) => row(prompt).getByRole('button', { name: pictures.cancel }),
    picture: (prompt: string, index = 1) =>
      row(prompt).getByRole('button', { name: pictures.open(index, prompt) }),
    partial: (prompt: string) =>
      row(prompt).getByRole('img', { name: pictures.partial(pictures.alt(1, prompt)) }),
  }
}

/** Writes the prompt, chooses the painted model, and presses; answers the row that appears. */
export async function submitPrompt(
  visit: Visit,
  prompt: string,
  tab: Page = visit.page,
): Promise<Locator> {
  const studio = studioOf(visit, tab)
  await studio.prompt.fill(prompt)
  await studio.model.selectOption(PAINTED_MODEL)
  await studio.generate.click()
  const row = studio.row(prompt)
  await row.waitFor()
  return row
}

/** Asks and waits until the picture is stored. */
export async function generatePicture(visit: Visit, prompt: string): Promise<void> {
  await submitPrompt(visit, prompt)
  await studioOf(visit).at(prompt, 'stored').waitFor()
}

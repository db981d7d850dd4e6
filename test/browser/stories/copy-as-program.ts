import type { Visit } from './stage.ts'
import { soon } from './stage.ts'
import { studioOf } from './studio.ts'

/** The task's menu: the request as a line for a terminal, from the clipboard. */
export async function copyAs(
  visit: Visit,
  { prompt, item }: { prompt: string; item: 'curl' | 'Node.js' },
): Promise<string> {
  const { person, page, words, house } = visit
  await person.context.grantPermissions(['clipboard-read', 'clipboard-write'], {
    origin: house.baseUrl,
  })
  await studioOf(visit).row(prompt).getByRole('button', { name: words.pictures.more }).click()
  await page.getByRole('menuitem', { name: item }).click()
  await page.getByText(words.pictures.codeCopied).last().waitFor()
  const read = () => page.evaluate<string>('navigator.clipboard.readText()')
  await soon(read).toContain('SLUICE_KEY')
  return read()
}

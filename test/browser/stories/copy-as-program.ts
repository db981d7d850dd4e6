import type { Visit } from './stage.ts'
import { soon } from './stage.ts'
import { studioOf } from './studio.ts'

/** The task's menu: the request as a line for a terminal, from the clipboard. */
export async function copyAs(
  visit: Visit,
  { prompt, item }: { prompt: string; item: 'curl' | 'Node.js' },
): Promise<string> {
  const { user, page, messages, installation } = visit
  await user.context.grantPermissions(['clipboard-read', 'clipboard-write'], {
    origin: installation.baseUrl,
  })
  await studioOf(visit).row(prompt).getByRole('button', { name: messages.pictures.more }).click()
  await page.getByRole('menuitem', { name: item }).click()
  await page.getByText(messages.pictures.codeCopied).last().waitFor()
  const read = () => page.evaluate<string>('navigator.clipboard.readText()')
  await soon(read).toContain('SLUICE_KEY')
  return read()
}

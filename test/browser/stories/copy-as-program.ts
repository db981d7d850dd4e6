import type { PanelUser } from './environment.ts'
import { eventually } from './environment.ts'
import { studioOf } from './studio.ts'

/** Copies the request as code by the task's menu and reads the clipboard. */
export async function copyAs(
  user: PanelUser,
  { prompt, item }: { prompt: string; item: 'curl' | 'Node.js' },
): Promise<string> {
  const { session, page, messages, installation } = user
  await session.context.grantPermissions(['clipboard-read', 'clipboard-write'], {
    origin: installation.baseUrl,
  })
  await studioOf(user).row(prompt).getByRole('button', { name: messages.pictures.more }).click()
  await page.getByRole('menuitem', { name: item }).click()
  await page.getByText(messages.pictures.codeCopied).last().waitFor()
  const read = () => page.evaluate<string>('navigator.clipboard.readText()')
  await eventually(read).toContain('SLUICE_KEY')
  return read()
}

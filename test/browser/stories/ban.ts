import type { Account } from './users.ts'
import { ADMIN } from '../harness/installation.ts'
import { signIn } from '../harness/browser-session.ts'
import type { PanelUser } from './environment.ts'
import { open } from './environment.ts'

/** Bans a user on the admin page: reason, typed confirmation, ban. */
export async function banInPanel(
  user: PanelUser,
  { guest, onBanned }: { guest: Account; onBanned: () => void },
): Promise<void> {
  const { page, messages } = user
  const { users, everywhere } = messages
  await signIn(page, ADMIN)
  await open(user, `/admin/users/${guest.id}`)
  const access = page.getByRole('region', { name: users.detail.access })
  await access.getByLabel(users.fields.reason).fill('a story')
  await access.getByRole('button', { name: users.detail.ban, exact: true }).click()
  const dialog = page.getByRole('alertdialog', { name: users.detail.banTitle })
  await dialog.getByLabel(everywhere.typeToConfirm(guest.email)).fill(guest.email)
  await dialog.getByRole('button', { name: users.detail.banAction, exact: true }).click()
  await page.getByText(users.detail.banned, { exact: true }).waitFor()
  onBanned()
}

/** Opens another live stream of the user's newest picture; measures when it ends after `begin`. */
export async function streamEnd({ installation, session }: PanelUser): Promise<{
  begin: () => void
  /** In milliseconds from `begin`; never negative. */
  ended: () => Promise<number>
}> {
  const cookies = await session.context.cookies()
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const headers = { cookie }
  const listed = await fetch(`${installation.baseUrl}/api/user/images?limit=1`, { headers })
  const { items } = (await listed.json()) as { items: { id: string }[] }
  const stream = await fetch(`${installation.baseUrl}/api/user/images/${items[0]?.id}/events`, {
    headers,
  })
  if (!stream.ok) throw new Error(`the stream answered ${stream.status}`)
  let endedAt = Number.POSITIVE_INFINITY
  const end = stream.text().finally(() => (endedAt = performance.now()))
  let bannedAt = Number.POSITIVE_INFINITY
  return {
    begin: () => (bannedAt = performance.now()),
    ended: async () => {
      await end.catch(() => undefined)
      return Math.max(0, endedAt - bannedAt)
    },
  }
}

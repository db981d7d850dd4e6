import { queryDatabase } from '@sluice/e2e/harness/ledger'
import { expect, it } from 'vitest'

import { ADMIN, startInstallation } from './harness/installation.ts'
import { signIn } from './harness/browser-session.ts'
import { createAccount } from './stories/users.ts'
import {
  untilInteractive,
  open,
  startEnvironment,
  eventually,
  withPanelUser,
} from './stories/environment.ts'
import { submitPrompt, studioOf } from './stories/studio.ts'

// Short intervals, so that a killed gateway is detected quickly.
const shortIntervals = { RUNNER_HEARTBEAT_MS: '200', RUNNER_LOST_AFTER_MS: '1500' }
const environment = startEnvironment(() =>
  startInstallation({ REGISTRATION: 'open', ...shortIntervals }),
)

const tasksOf = async (prompt: string) => {
  const rows = await queryDatabase<{ id: string }>(
    { running: environment.installation },
    `select id from image_jobs where request->>'prompt' = $1`,
    [prompt],
  )
  return rows.length
}

it.each(['en', 'zh'] as const)(
  'with open registration a visitor registers; without credits the studio shows the reason, in %s',
  async (language) => {
    // The refused form.
    await withPanelUser(environment, { language, expecting: [/status of 400/] }, async (user) => {
      const { page, messages } = user
      const { login, errors, studio: studioMessages } = messages
      await page.goto('/login')
      await page.getByRole('link', { name: login.registerLink }).click()
      await page.getByRole('heading', { name: login.registerTitle }).waitFor()
      await page.getByLabel(login.email).fill(`visitor-${language}@sluice.test`)
      const password = page.getByLabel(login.newPassword, { exact: true })
      await password.fill('short')
      const submit = page.getByRole('button', { name: login.registerSubmit })
      await submit.click()
      await page.getByText(errors.field.tooShort(10), { exact: true }).waitFor()
      await password.fill('a long pass phrase for a visitor')
      await submit.click()
      await page.getByRole('heading', { name: messages.welcome.title }).waitFor()

      const studio = studioOf(user)
      await studio.open()
      await studio.prompt.fill('too expensive')
      await page.locator('p', { hasText: studioMessages.needsCredit }).first().waitFor()
      expect(await studio.generate.getAttribute('aria-disabled')).toBe('true')
      await studio.generate.click({ force: true })
      expect(await studio.row('too expensive').count()).toBe(0)
      expect(await studio.prompt.inputValue()).toBe('too expensive')
    })
  },
)

it('a content refusal of the upstream is shown as a message, and costs nothing', async () => {
  await withPanelUser(environment, {}, async (user) => {
    const { installation, page, messages } = user
    const guest = await createAccount(installation, 50_000_000n)
    installation.simulator.script({
      match: { promptIncludes: 'forbidden' },
      times: null,
      behaviour: { kind: 'status', status: 400, code: 'moderation_blocked', message: 'refused' },
    })
    await signIn(page, guest)
    const studio = studioOf(user)
    await studio.open()
    const row = await submitPrompt(user, 'something forbidden')
    const { content_policy_violation: sentence } = messages.pictures.failures
    await row.getByText(`${sentence} ${messages.pictures.nothingCharged}`).waitFor()
    await row.getByRole('button', { name: messages.pictures.retry }).first().waitFor()
    const balance = page.getByRole('link', { name: messages.shell.balance })
    await eventually(() => balance.innerText()).toContain('50')
    const [wallet] = await queryDatabase<{ total: string }>(
      { running: installation },
      `select a.balance_micro::text as total from ledger_accounts a
         join users u on u.wallet = a.owner where a.kind = 'available' and u.id = $1`,
      [guest.id],
    )
    expect(wallet?.total).toBe('50000000')
    installation.simulator.script([], { reset: true })
  })
})

it('after a lost response a second press retries the same request and creates no second picture', async () => {
  await withPanelUser(environment, { expecting: [/ERR_FAILED/] }, async (user) => {
    const { page, messages } = user
    await signIn(page, ADMIN)
    const studio = studioOf(user)
    await studio.open()
    await page.route('**/api/user/images', async (route) => {
      if (route.request().method() !== 'POST') return route.continue()
      await route.fetch()
      await route.abort()
    })
    await studio.prompt.fill('requested once, pressed twice')
    await studio.generate.click()
    await page.getByText(messages.errors.codes.network).waitFor()
    await page.getByText(messages.studio.sentBefore).waitFor()
    await page.unroute('**/api/user/images')
    await studio.generate.click()
    await studio.at('requested once, pressed twice', 'stored').waitFor()
    expect(await studio.row('requested once, pressed twice').count()).toBe(1)
    expect(await tasksOf('requested once, pressed twice')).toBe(1)
  })
})

it('a killed gateway is reported, and the page works again after its restart', async () => {
  const lost = [/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY|ERR_CONNECTION_RESET/]
  await withPanelUser(environment, { expecting: lost }, async (user) => {
    const { installation, page, messages } = user
    await signIn(page, ADMIN)
    const studio = studioOf(user)
    await studio.open()
    const release = installation.testUpstream.hold('made through a crash')
    await submitPrompt(user, 'made through a crash')
    await studio.at('made through a crash', 'generating').waitFor()

    const operator = await user.session.openTab()
    await open(user, '/admin', operator)
    const live = messages.everywhere.live
    await operator.getByText(live.open, { exact: true }).waitFor()

    await installation.kill('edge-api')
    await operator.getByText(live.waiting, { exact: true }).waitFor()
    await studio.prompt.fill('requested while it was down')
    await studio.generate.click()
    await page.getByRole('alert').getByText(messages.errors.codes.network).waitFor()
    // The page polls; the `online` event triggers a poll immediately.
    await page.evaluate(`window.dispatchEvent(new Event('online'))`)
    await page.getByText(messages.shell.health.unreachable, { exact: true }).waitFor()

    release()
    await installation.start('edge-api')
    await page.evaluate(`window.dispatchEvent(new Event('online'))`)
    await untilInteractive(user, page)
    await operator.getByText(live.open, { exact: true }).waitFor()
    await studio.generate.click()
    await studio.at('requested while it was down', 'stored').waitFor()
    await studio.at('made through a crash', 'stored').waitFor()
    expect(await tasksOf('requested while it was down')).toBe(1)
  })
})

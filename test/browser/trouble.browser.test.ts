import { queryDatabase } from '@sluice/e2e/harness/ledger'
import { expect, it } from 'vitest'

import { ADMIN, startInstallation } from './harness/installation.ts'
import { signIn } from './harness/browser-user.ts'
import { makeAccount } from './stories/users.ts'
import { alive, open, setStage, soon, visit } from './stories/stage.ts'
import { submitPrompt, studioOf } from './stories/studio.ts'

// A gateway that was killed is missed soon, so that a story need not wait for it.
const impatient = { RUNNER_HEARTBEAT_MS: '200', RUNNER_LOST_AFTER_MS: '1500' }
const stage = setStage(() => startInstallation({ REGISTRATION: 'open', ...impatient }))

const tasksOf = async (prompt: string) => {
  const rows = await queryDatabase<{ id: string }>(
    { running: stage.installation },
    `select id from image_jobs where request->>'prompt' = $1`,
    [prompt],
  )
  return rows.length
}

it.each(['en', 'zh'] as const)(
  'where registration is open a stranger makes an account; without credit the studio says why, in %s',
  async (language) => {
    // The form that is refused.
    await visit(stage, { language, expecting: [/status of 400/] }, async (user) => {
      const { page, messages } = user
      const { login, errors, studio: studioMessages } = messages
      await page.goto('/login')
      await page.getByRole('link', { name: login.registerLink }).click()
      await page.getByRole('heading', { name: login.registerTitle }).waitFor()
      await page.getByLabel(login.email).fill(`stranger-${language}@sluice.test`)
      const password = page.getByLabel(login.newPassword, { exact: true })
      await password.fill('short')
      const submit = page.getByRole('button', { name: login.registerSubmit })
      await submit.click()
      await page.getByText(errors.field.tooShort(10), { exact: true }).waitFor()
      await password.fill('a long pass phrase for a stranger')
      await submit.click()
      await page.getByRole('heading', { name: messages.welcome.title }).waitFor()

      const studio = studioOf(user)
      await studio.open()
      await studio.prompt.fill('too dear')
      await page.locator('p', { hasText: studioMessages.needsCredit }).first().waitFor()
      expect(await studio.generate.getAttribute('aria-disabled')).toBe('true')
      await studio.generate.click({ force: true })
      expect(await studio.row('too dear').count()).toBe(0)
      expect(await studio.prompt.inputValue()).toBe('too dear')
    })
  },
)

it('what the upstream refuses for its content is told as a sentence, and costs nothing', async () => {
  await visit(stage, {}, async (user) => {
    const { installation, page, messages } = user
    const guest = await makeAccount(installation, 50_000_000n)
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
    await soon(() => balance.innerText()).toContain('50')
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

it('an answer that is lost on the way costs no second picture: the same press again is the same request', async () => {
  await visit(stage, { expecting: [/ERR_FAILED/] }, async (user) => {
    const { page, messages } = user
    await signIn(page, ADMIN)
    const studio = studioOf(user)
    await studio.open()
    await page.route('**/api/user/images', async (route) => {
      if (route.request().method() !== 'POST') return route.continue()
      await route.fetch()
      await route.abort()
    })
    await studio.prompt.fill('asked once, pressed twice')
    await studio.generate.click()
    await page.getByText(messages.errors.codes.network).waitFor()
    await page.getByText(messages.studio.sentBefore).waitFor()
    await page.unroute('**/api/user/images')
    await studio.generate.click()
    await studio.at('asked once, pressed twice', 'stored').waitFor()
    expect(await studio.row('asked once, pressed twice').count()).toBe(1)
    expect(await tasksOf('asked once, pressed twice')).toBe(1)
  })
})

it('a gateway that is killed and comes back is missed in words, and the page goes on', async () => {
  const lost = [/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY|ERR_CONNECTION_RESET/]
  await visit(stage, { expecting: lost }, async (user) => {
    const { installation, page, messages } = user
    await signIn(page, ADMIN)
    const studio = studioOf(user)
    await studio.open()
    const goOn = installation.testUpstream.hold('drawn through a crash')
    await submitPrompt(user, 'drawn through a crash')
    await studio.at('drawn through a crash', 'generating').waitFor()

    const operator = await user.user.openTab()
    await open(user, '/admin', operator)
    const live = messages.everywhere.live
    await operator.getByText(live.open, { exact: true }).waitFor()

    await installation.kill('edge-api')
    await operator.getByText(live.waiting, { exact: true }).waitFor()
    await studio.prompt.fill('asked while it was away')
    await studio.generate.click()
    await page.getByRole('alert').getByText(messages.errors.codes.network).waitFor()
    // It asks by itself; a browser that comes back on line asks at once.
    await page.evaluate(`window.dispatchEvent(new Event('online'))`)
    await page.getByText(messages.shell.health.unreachable, { exact: true }).waitFor()

    goOn()
    await installation.start('edge-api')
    await page.evaluate(`window.dispatchEvent(new Event('online'))`)
    await alive(user, page)
    await operator.getByText(live.open, { exact: true }).waitFor()
    await studio.generate.click()
    await studio.at('asked while it was away', 'stored').waitFor()
    await studio.at('drawn through a crash', 'stored').waitFor()
    expect(await tasksOf('asked while it was away')).toBe(1)
  })
})

import { queryDatabase } from '@sluice/e2e/harness/ledger'
import { expect, it } from 'vitest'

import { ADMIN, startInstallation } from './harness/installation.ts'
import { signIn } from './harness/browser-session.ts'
import { banInPanel, streamEnd } from './stories/ban.ts'
import { createAccount, signInHere } from './stories/users.ts'
import type { PanelUser } from './stories/environment.ts'
import { goTo, open, startEnvironment, eventually, withPanelUser } from './stories/environment.ts'
import { submitPrompt, studioOf } from './stories/studio.ts'

const environment = startEnvironment(() => startInstallation())

/** Expires all sessions. */
const endSessions = ({ installation }: PanelUser) =>
  queryDatabase(
    { running: installation },
    `update sessions set expires_at = now() - interval '1 second'`,
  )

const refused = [/status of 40[13]/]

it('an expired session leads to login, and back to the same page', async () => {
  await withPanelUser(environment, { expecting: refused }, async (user) => {
    const { page, messages } = user
    const here = () => `${new URL(page.url()).pathname}${new URL(page.url()).search}`
    await signIn(page, ADMIN)

    // A page load.
    await open(user, '/gallery?q=heron')
    await endSessions(user)
    await goTo(user, 'usage')
    await page.getByText(messages.login.comeBack).waitFor()
    expect(here()).toBe('/login?next=%2Fusage')
    await signInHere(user, ADMIN)
    await eventually(here).toBe('/usage')

    // An action of a page; the typed text is restored.
    const studio = studioOf(user)
    await studio.open()
    await studio.prompt.fill('typed before the session ended')
    // Wait for the automatic price request, which would also lead to login.
    await studio.price.waitFor()
    await endSessions(user)
    await studio.generate.click()
    await signInHere(user, ADMIN)
    await eventually(here).toBe('/studio')
    await eventually(() => studio.prompt.inputValue()).toBe('typed before the session ended')

    // A form with its own URL.
    await open(user, '/keys?new=1')
    const sheet = page.getByRole('dialog', { name: messages.keys.createTitle })
    await sheet.getByLabel(messages.keys.fields.name).fill('too late')
    await endSessions(user)
    await sheet.getByRole('button', { name: messages.keys.createAction }).click()
    await signInHere(user, ADMIN)
    await eventually(here).toBe('/keys?new=1')
    await sheet.waitFor()
  })
})

// Plain URLs of other sites are tested in hostile-texts.browser.test.ts.
const hostile = ['/%09/evil.test', '/\t/evil.test', '/..//evil.test']

it('an ambiguous path in ?next never leads to another site', async () => {
  // Some are unknown paths of this site.
  await withPanelUser(environment, { expecting: [/status of 404/] }, async (user) => {
    const {
      page,
      session: { context },
      installation,
    } = user
    const foreignRequests: string[] = []
    context.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(installation.baseUrl))
        foreignRequests.push(request.url())
    })
    for (const next of hostile) {
      await page.goto('about:blank')
      await context.clearCookies({ name: /session/ })
      await page.goto(`/login?next=${encodeURIComponent(next)}`)
      await signInHere(user, ADMIN)
      await page.waitForURL(({ pathname }) => pathname !== '/login')
      expect(new URL(page.url()).origin, next).toBe(installation.baseUrl)
    }
    expect(foreignRequests).toEqual([])
  })
})

it.each(['en', 'zh'] as const)(
  'login works without script: an error is shown, the e-mail is kept, the right password signs in, in %s',
  async (language) => {
    const spec = { language, withoutScript: true, expecting: refused } as const
    await withPanelUser(environment, spec, async (user) => {
      const { page, messages } = user
      await page.goto('/login?next=%2Fledger')
      await signInHere(user, { ...ADMIN, password: 'not the password at all' })
      await page.getByRole('alert').getByText(messages.errors.codes.wrong_credentials).waitFor()
      expect(await page.getByLabel(messages.login.email).inputValue()).toBe(ADMIN.email)
      await signInHere(user, ADMIN)
      await page.getByRole('table', { name: messages.ledger.title }).waitFor()
      expect(new URL(page.url()).pathname).toBe('/ledger')
    })
  },
)

it('a banned user is signed out on the next action, the live stream ends, and login shows the reason', async () => {
  await withPanelUser(environment, { expecting: refused }, async (user) => {
    const { installation, page, messages } = user
    const guest = await createAccount(installation, 100_000_000n)
    await signIn(page, guest)
    const studio = studioOf(user)
    await studio.open()
    const release = installation.testUpstream.hold('the last picture')
    await submitPrompt(user, 'the last picture')
    await studio.at('the last picture', 'generating').waitFor()
    const stream = await streamEnd(user)

    await withPanelUser(environment, {}, (admin) =>
      banInPanel(admin, { guest, onBanned: stream.begin }),
    )
    expect(await stream.ended()).toBeLessThan(1_500)

    await goTo(user, 'keys')
    await page.getByText(messages.errors.codes.account_banned).first().waitFor()
    await page.goto('/login')
    await signInHere(user, guest)
    await page.getByRole('alert').getByText(messages.errors.codes.account_banned).waitFor()
    release()
  })
})

it.each(['en', 'zh'] as const)(
  'with closed registration there is no link to it, and its page shows that it is closed, in %s',
  async (language) => {
    await withPanelUser(environment, { language, expecting: [/status of 403/] }, async (user) => {
      const { page, messages, installation } = user
      await page.goto('/login')
      await page.getByRole('heading', { name: messages.login.title }).waitFor()
      expect(await page.getByText(messages.login.noAccount).count()).toBe(0)
      await page.goto('/register')
      await page.getByText(messages.login.closed).waitFor()
      expect(await page.getByRole('textbox').count()).toBe(0)
      // A direct request to the form is refused with the same message.
      const answer = await page.request.post('/register', {
        form: { email: 'eve@sluice.test', password: 'a long pass phrase for eve' },
        headers: {
          origin: installation.baseUrl,
          accept: 'application/json',
          'accept-language': language,
        },
      })
      expect(await answer.text()).toContain(messages.errors.codes.registration_closed)
      const users = await queryDatabase(
        { running: installation },
        `select 1 from users where email like 'eve%'`,
      )
      expect(users).toEqual([])
    })
  },
)

import { queryDatabase } from '@sluice/e2e/harness/ledger'
import { expect, it } from 'vitest'

import { ADMIN, startInstallation } from './harness/installation.ts'
import { signIn } from './harness/browser-user.ts'
import { banInPanel, streamEnd } from './stories/ban.ts'
import { makeAccount, signInHere } from './stories/users.ts'
import type { Visit } from './stories/stage.ts'
import { goTo, open, setStage, soon, visit } from './stories/stage.ts'
import { submitPrompt, studioOf } from './stories/studio.ts'

const stage = setStage(() => startInstallation())

/** As if nobody had used any session for a long time. */
const endSessions = ({ installation }: Visit) =>
  queryDatabase(
    { running: installation },
    `update sessions set expires_at = now() - interval '1 second'`,
  )

const refused = [/status of 40[13]/]

it('a session that ends in mid-use leads to login, and back to the same page', async () => {
  await visit(stage, { expecting: refused }, async (user) => {
    const { page, messages } = user
    const here = () => `${new URL(page.url()).pathname}${new URL(page.url()).search}`
    await signIn(page, ADMIN)

    // A page that is asked for.
    await open(user, '/gallery?q=heron')
    await endSessions(user)
    await goTo(user, 'usage')
    await page.getByText(messages.login.comeBack).waitFor()
    expect(here()).toBe('/login?next=%2Fusage')
    await signInHere(user, ADMIN)
    await soon(here).toBe('/usage')

    // An act of a page; what was typed is there again.
    const studio = studioOf(user)
    await studio.open()
    await studio.prompt.fill('typed before the session ended')
    // The page asks for the price by itself; without a session that request would lead to login first.
    await studio.price.waitFor()
    await endSessions(user)
    await studio.generate.click()
    await signInHere(user, ADMIN)
    await soon(here).toBe('/studio')
    await soon(() => studio.prompt.inputValue()).toBe('typed before the session ended')

    // A form of a page, which is a page of its own by its address.
    await open(user, '/keys?new=1')
    const sheet = page.getByRole('dialog', { name: messages.keys.createTitle })
    await sheet.getByLabel(messages.keys.fields.name).fill('too late')
    await endSessions(user)
    await sheet.getByRole('button', { name: messages.keys.createAction }).click()
    await signInHere(user, ADMIN)
    await soon(here).toBe('/keys?new=1')
    await sheet.waitFor()
  })
})

// Other sites by their names are in hostile-words.browser.test.ts.
const hostile = ['/%09/evil.test', '/\t/evil.test', '/..//evil.test']

it('no path in ?next that a browser may read otherwise leads off this site', async () => {
  // Some are paths of ours after all, where there is nothing.
  await visit(stage, { expecting: [/status of 404/] }, async (user) => {
    const {
      page,
      user: { context },
      installation,
    } = user
    const strangers: string[] = []
    context.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(installation.baseUrl))
        strangers.push(request.url())
    })
    for (const next of hostile) {
      await page.goto('about:blank')
      await context.clearCookies({ name: /session/ })
      await page.goto(`/login?next=${encodeURIComponent(next)}`)
      await signInHere(user, ADMIN)
      await page.waitForURL(({ pathname }) => pathname !== '/login')
      expect(new URL(page.url()).origin, next).toBe(installation.baseUrl)
    }
    expect(strangers).toEqual([])
  })
})

it.each(['en', 'zh'] as const)(
  'login needs no script: a refusal is told, the e-mail stays, the right password opens, in %s',
  async (language) => {
    const spec = { language, withoutScript: true, expecting: refused } as const
    await visit(stage, spec, async (user) => {
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

it('who is banned is out on their next act, their live stream ends, and login says why', async () => {
  await visit(stage, { expecting: refused }, async (user) => {
    const { installation, page, messages } = user
    const guest = await makeAccount(installation, 100_000_000n)
    await signIn(page, guest)
    const studio = studioOf(user)
    await studio.open()
    const goOn = installation.testUpstream.hold('the last picture')
    await submitPrompt(user, 'the last picture')
    await studio.at('the last picture', 'generating').waitFor()
    const stream = await streamEnd(user)

    await visit(stage, {}, (admin) => banInPanel(admin, { guest, onBanned: stream.begin }))
    expect(await stream.ended()).toBeLessThan(1_500)

    await goTo(user, 'keys')
    await page.getByText(messages.errors.codes.account_banned).first().waitFor()
    await page.goto('/login')
    await signInHere(user, guest)
    await page.getByRole('alert').getByText(messages.errors.codes.account_banned).waitFor()
    goOn()
  })
})

it.each(['en', 'zh'] as const)(
  'where registration is closed there is no link to it, and its address says so, in %s',
  async (language) => {
    await visit(stage, { language, expecting: [/status of 403/] }, async (user) => {
      const { page, messages, installation } = user
      await page.goto('/login')
      await page.getByRole('heading', { name: messages.login.title }).waitFor()
      expect(await page.getByText(messages.login.noAccount).count()).toBe(0)
      await page.goto('/register')
      await page.getByText(messages.login.closed).waitFor()
      expect(await page.getByRole('textbox').count()).toBe(0)
      // Who knows the form's address is refused with the same sentence.
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

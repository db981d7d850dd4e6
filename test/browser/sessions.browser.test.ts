import { ask } from '@sluice/e2e/harness/ledger'
import { expect, it } from 'vitest'

import { ADMIN, startHouse } from './harness/house.ts'
import { signIn } from './harness/person.ts'
import { banByHand, streamEnd } from './stories/ban.ts'
import { makeAccount, signInHere } from './stories/people.ts'
import type { Visit } from './stories/stage.ts'
import { goTo, open, setStage, soon, visit } from './stories/stage.ts'
import { ask as askPicture, studioOf } from './stories/studio.ts'

const stage = setStage(() => startHouse())

/** As if nobody had used any session for a long time. */
const endSessions = ({ house }: Visit) =>
  ask({ running: house }, `update sessions set expires_at = now() - interval '1 second'`)

const refused = [/status of 40[13]/]

it('a session that ends in mid-use leads to login, and back to the same page', async () => {
  await visit(stage, { expecting: refused }, async (person) => {
    const { page, words } = person
    const here = () => `${new URL(page.url()).pathname}${new URL(page.url()).search}`
    await signIn(page, ADMIN)

    // A page that is asked for.
    await open(person, '/gallery?q=heron')
    await endSessions(person)
    await goTo(person, 'usage')
    await page.getByText(words.login.comeBack).waitFor()
    expect(here()).toBe('/login?next=%2Fusage')
    await signInHere(person, ADMIN)
    await soon(here).toBe('/usage')

    // An act of a page; what was typed is there again.
    const studio = studioOf(person)
    await studio.open()
    await studio.prompt.fill('typed before the session ended')
    // The page asks for the price by itself; without a session that request would lead to login first.
    await studio.price.waitFor()
    await endSessions(person)
    await studio.generate.click()
    await signInHere(person, ADMIN)
    await soon(here).toBe('/studio')
    await soon(() => studio.prompt.inputValue()).toBe('typed before the session ended')

    // A form of a page, which is a page of its own by its address.
    await open(person, '/keys?new=1')
    const sheet = page.getByRole('dialog', { name: words.keys.createTitle })
    await sheet.getByLabel(words.keys.fields.name).fill('too late')
    await endSessions(person)
    await sheet.getByRole('button', { name: words.keys.createAct }).click()
    await signInHere(person, ADMIN)
    await soon(here).toBe('/keys?new=1')
    await sheet.waitFor()
  })
})

// Other sites by their names are in hostile-words.browser.test.ts.
const hostile = ['/%09/evil.test', '/\t/evil.test', '/..//evil.test']

it('no path in ?next that a browser may read otherwise leads off this site', async () => {
  // Some are paths of ours after all, where there is nothing.
  await visit(stage, { expecting: [/status of 404/] }, async (person) => {
    const {
      page,
      person: { context },
      house,
    } = person
    const strangers: string[] = []
    context.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(house.baseUrl))
        strangers.push(request.url())
    })
    for (const next of hostile) {
      await page.goto('about:blank')
      await context.clearCookies({ name: /session/ })
      await page.goto(`/login?next=${encodeURIComponent(next)}`)
      await signInHere(person, ADMIN)
      await page.waitForURL(({ pathname }) => pathname !== '/login')
      expect(new URL(page.url()).origin, next).toBe(house.baseUrl)
    }
    expect(strangers).toEqual([])
  })
})

it.each(['en', 'zh'] as const)(
  'login needs no script: a refusal is told, the e-mail stays, the right password opens, in %s',
  async (language) => {
    const spec = { language, withoutScript: true, expecting: refused } as const
    await visit(stage, spec, async (person) => {
      const { page, words } = person
      await page.goto('/login?next=%2Fledger')
      await signInHere(person, { ...ADMIN, password: 'not the password at all' })
      await page.getByRole('alert').getByText(words.errors.codes.wrong_credentials).waitFor()
      expect(await page.getByLabel(words.login.email).inputValue()).toBe(ADMIN.email)
      await signInHere(person, ADMIN)
      await page.getByRole('table', { name: words.ledger.title }).waitFor()
      expect(new URL(page.url()).pathname).toBe('/ledger')
    })
  },
)

it('who is banned is out on their next act, their live stream ends, and login says why', async () => {
  await visit(stage, { expecting: refused }, async (person) => {
    const { house, page, words } = person
    const guest = await makeAccount(house, 100_000_000n)
    await signIn(page, guest)
    const studio = studioOf(person)
    await studio.open()
    const goOn = house.painter.hold('the last picture')
    await askPicture(person, 'the last picture')
    await studio.at('the last picture', 'drawing').waitFor()
    const stream = await streamEnd(person)

    await visit(stage, {}, (admin) => banByHand(admin, { guest, onBanned: stream.begin }))
    expect(await stream.ended()).toBeLessThan(1_500)

    await goTo(person, 'keys')
    await page.getByText(words.errors.codes.account_banned).first().waitFor()
    await page.goto('/login')
    await signInHere(person, guest)
    await page.getByRole('alert').getByText(words.errors.codes.account_banned).waitFor()
    goOn()
  })
})

it.each(['en', 'zh'] as const)(
  'where registration is closed there is no link to it, and its address says so, in %s',
  async (language) => {
    await visit(stage, { language, expecting: [/status of 403/] }, async (person) => {
      const { page, words, house } = person
      await page.goto('/login')
      await page.getByRole('heading', { name: words.login.title }).waitFor()
      expect(await page.getByText(words.login.noAccount).count()).toBe(0)
      await page.goto('/register')
      await page.getByText(words.login.closed).waitFor()
      expect(await page.getByRole('textbox').count()).toBe(0)
      // Who knows the form's address is refused with the same sentence.
      const answer = await page.request.post('/register', {
        form: { email: 'eve@sluice.test', password: 'a long pass phrase for eve' },
        headers: {
          origin: house.baseUrl,
          accept: 'application/json',
          'accept-language': language,
        },
      })
      expect(await answer.text()).toContain(words.errors.codes.registration_closed)
      const people = await ask({ running: house }, `select 1 from users where email like 'eve%'`)
      expect(people).toEqual([])
    })
  },
)

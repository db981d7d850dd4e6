import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFailed } from 'vitest'

import { launchBrowser } from '../harness/browser.ts'
import type { Installation } from '../harness/installation.ts'
import type { BrowserUser, UserSpec } from '../harness/browser-user.ts'
import { arrive } from '../harness/browser-user.ts'
import { saveScreenshot } from '../harness/screenshots.ts'
import type { Language, Messages } from './messages.ts'
import { messagesOf } from './messages.ts'

/** One house and one browser for all stories of a file. */
export interface Stage {
  readonly installation: Installation
  readonly browser: Browser
}

/** A person in front of the panel, and the words in which it speaks to them. */
export interface Visit {
  installation: Installation
  user: BrowserUser
  page: Page
  messages: Messages
  language: Language
}

/** How long a story waits for what should be there at once, on a slow machine. */
export const SOON_MS = 15_000

/** Starts the house and the browser before the stories of this file, and stops them after. */
export function setStage(start: () => Promise<Installation>): Stage {
  let installation: Installation | undefined
  let browser: Browser | undefined
  beforeAll(async () => {
    const opening = launchBrowser()
    installation = await start()
    browser = await opening
  })
  afterAll(async () => {
    await browser?.close()
    await installation?.stop()
  })
  const there = <Thing>(thing: Thing | undefined) => {
    if (thing === undefined) throw new Error('the stage is not set')
    return thing
  }
  return {
    get installation() {
      return there(installation)
    },
    get browser() {
      return there(browser)
    },
  }
}

interface VisitSpec extends Omit<UserSpec, 'baseUrl' | 'language'> {
  language?: Language
  /** Complaints of the browser that this story brings about: refusals on purpose. */
  expecting?: readonly RegExp[]
}

/**
 * Tells one story: a person arrives, does what it says, and leaves. The browser must have had nothing
 * to complain of: no script error, no refusal by the CSP, no failed load.
 */
export async function visit(
  { installation, browser }: Stage,
  { language = 'en', expecting = [], ...spec }: VisitSpec,
  story: (visit: Visit) => Promise<void>,
): Promise<void> {
  const user = await arrive(browser, { baseUrl: installation.baseUrl, language, ...spec })
  const { page } = user
  let told = ''
  onTestFailed(() => void process.stderr.write(told))
  try {
    await story({ installation, user, page, messages: messagesOf[language], language })
    const complaints = user
      .complaints()
      .filter((complaint) => !expecting.some((expected) => expected.test(complaint)))
    expect(complaints, 'complaints of the browser').toEqual([])
  } catch (error) {
    const name = `${expect.getState().currentTestName ?? 'story'}`.replaceAll(/[^\p{L}\d]+/gu, '-')
    told = `${page.url()}\n${user.complaints().join('\n')}\n${installation.output().slice(-4_000)}\n`
    await saveScreenshot(page, `failed/${name.slice(0, 100)}`).catch(() => undefined)
    throw error
  } finally {
    await user.leave()
  }
}

/**
 * Waits until the page answers to a hand: its scripts run, and have asked the gateway how it is. What is
 * pressed before that goes the way of a page without script.
 */
export async function alive({ messages }: Pick<Visit, 'messages'>, page: Page): Promise<void> {
  const { healthy, slow } = messages.shell.health
  const said = page.getByText(new RegExp(`^(${healthy}|${slow})$`))
  await said.first().waitFor({ state: 'attached' })
}

/** Opens a page of the panel and waits until it is alive. */
export async function open(
  visit: Pick<Visit, 'messages' | 'page'>,
  path: string,
  page: Page = visit.page,
): Promise<void> {
  await page.goto(path)
  await alive(visit, page)
}

/** Chooses a place in the rail. */
export async function goTo(
  { page, messages: { shell } }: Pick<Visit, 'messages' | 'page'>,
  navItem: keyof Messages['shell']['navItems'],
): Promise<void> {
  const rail = page.getByRole('navigation', { name: shell.navigation })
  await rail.getByRole('link', { name: shell.navItems[navItem], exact: true }).click()
}

/** Waits until `look` answers what is expected: pages follow the house, they are not the house. */
export function soon<Seen>(look: () => Seen | Promise<Seen>) {
  return expect.poll(look, { timeout: SOON_MS, interval: 50 })
}

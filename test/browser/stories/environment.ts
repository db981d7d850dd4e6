import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFailed } from 'vitest'

import { launchBrowser } from '../harness/browser.ts'
import type { Installation } from '../harness/installation.ts'
import type { BrowserSession, SessionSpec } from '../harness/browser-session.ts'
import { openBrowserSession } from '../harness/browser-session.ts'
import { saveScreenshot } from '../harness/screenshots.ts'
import type { Language, Messages } from './messages.ts'
import { messagesOf } from './messages.ts'

/** One installation and one browser for all tests of a file. */
export interface TestEnvironment {
  readonly installation: Installation
  readonly browser: Browser
}

/** A user of the panel, with the messages of their language. */
export interface PanelUser {
  installation: Installation
  session: BrowserSession
  page: Page
  messages: Messages
  language: Language
}

/** Wait limit of `eventually`, for slow machines. */
export const EVENTUALLY_MS = 15_000

/** Starts the installation and the browser before the tests of a file, and stops them after. */
export function startEnvironment(start: () => Promise<Installation>): TestEnvironment {
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
  const started = <Thing>(thing: Thing | undefined) => {
    if (thing === undefined) throw new Error('the environment is not started')
    return thing
  }
  return {
    get installation() {
      return started(installation)
    },
    get browser() {
      return started(browser)
    },
  }
}

interface PanelUserSpec extends Omit<SessionSpec, 'baseUrl' | 'language'> {
  language?: Language
  /** Browser errors that the test expects: intended refusals. */
  expecting?: readonly RegExp[]
}

/**
 * Runs one test with a new browser session. Fails on unexpected browser errors: script errors, CSP violations,
 * failed loads.
 */
export async function withPanelUser(
  { installation, browser }: TestEnvironment,
  { language = 'en', expecting = [], ...spec }: PanelUserSpec,
  story: (user: PanelUser) => Promise<void>,
): Promise<void> {
  const session = await openBrowserSession(browser, {
    baseUrl: installation.baseUrl,
    language,
    ...spec,
  })
  const { page } = session
  let report = ''
  onTestFailed(() => void process.stderr.write(report))
  try {
    await story({ installation, session, page, messages: messagesOf[language], language })
    const browserErrors = session
      .browserErrors()
      .filter((error) => !expecting.some((expected) => expected.test(error)))
    expect(browserErrors, 'browser errors').toEqual([])
  } catch (error) {
    const name = `${expect.getState().currentTestName ?? 'story'}`.replaceAll(/[^\p{L}\d]+/gu, '-')
    report = `${page.url()}\n${session.browserErrors().join('\n')}\n${installation.output().slice(-4_000)}\n`
    await saveScreenshot(page, `failed/${name.slice(0, 100)}`).catch(() => undefined)
    throw error
  } finally {
    await session.close()
  }
}

/**
 * Waits until the page is interactive: its scripts run and have checked the gateway. Before that, forms are
 * submitted as without script.
 */
export async function untilInteractive(
  { messages }: Pick<PanelUser, 'messages'>,
  page: Page,
): Promise<void> {
  const { healthy, slow } = messages.shell.health
  const health = page.getByText(new RegExp(`^(${healthy}|${slow})$`))
  await health.first().waitFor({ state: 'attached' })
}

/** Opens a page of the panel and waits until it is interactive. */
export async function open(
  user: Pick<PanelUser, 'messages' | 'page'>,
  path: string,
  page: Page = user.page,
): Promise<void> {
  await page.goto(path)
  await untilInteractive(user, page)
}

/** Opens a page by the rail. */
export async function goTo(
  { page, messages: { shell } }: Pick<PanelUser, 'messages' | 'page'>,
  navItem: keyof Messages['shell']['navItems'],
): Promise<void> {
  const rail = page.getByRole('navigation', { name: shell.navigation })
  await rail.getByRole('link', { name: shell.navItems[navItem], exact: true }).click()
}

/** Polls `read` until the expectation is met, because pages are updated asynchronously. */
export function eventually<Seen>(read: () => Seen | Promise<Seen>) {
  return expect.poll(read, { timeout: EVENTUALLY_MS, interval: 50 })
}

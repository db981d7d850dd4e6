import type { Browser, BrowserContext, Page } from 'playwright-core'

export const desk = { width: 1440, height: 900 }
export const phone = { width: 390, height: 844 }

export interface UserSpec {
  baseUrl: string
  language?: 'en' | 'zh'
  colours?: 'light' | 'dark'
  viewport?: { width: number; height: number }
  /** A browser that runs no script of the page. */
  withoutScript?: true
}

/** One person at one browser, with cookies of their own. */
export interface BrowserUser {
  page: Page
  context: BrowserContext
  /** What the browser complained about so far: errors of scripts, refusals by the CSP, failed loads. */
  complaints(): string[]
  /** A further tab. */
  openTab(): Promise<Page>
  leave(): Promise<void>
}

const WAIT_MS = 15_000

// Text, because what it speaks of exists in the browser only.
const TELL_VIOLATIONS = `document.addEventListener('securitypolicyviolation', (event) =>
  console.error('CSP ' + event.effectiveDirective + ' refused ' + (event.blockedURI || 'inline')))`

/** Opens a browser of its own for a person; nothing is signed in. */
export async function arrive(browser: Browser, spec: UserSpec): Promise<BrowserUser> {
  const context = await browser.newContext({
    baseURL: spec.baseUrl,
    locale: spec.language === 'zh' ? 'zh-CN' : 'en-GB',
    colorScheme: spec.colours ?? 'light',
    viewport: spec.viewport ?? desk,
    reducedMotion: 'reduce',
    javaScriptEnabled: !spec.withoutScript,
  })
  context.setDefaultTimeout(WAIT_MS)
  const complaints: string[] = []
  await context.addInitScript({ content: TELL_VIOLATIONS })
  const listen = (page: Page) => {
    page.on('pageerror', (error) => complaints.push(`script: ${error.message}`))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    return page
  }
  const openTab = async () => listen(await context.newPage())
  const page = await openTab()
  return { page, context, complaints: () => [...complaints], openTab, leave: () => context.close() }
}

/** Signs in by the form, as a person does. */
export async function signIn(page: Page, who: { email: string; password: string }): Promise<void> {
  await page.goto('/login')
  await page.locator('input[name="email"]').fill(who.email)
  await page.locator('input[name="password"]').fill(who.password)
  await page.locator('form button[type="submit"]').click()
  await page.waitForURL((url) => !url.pathname.startsWith('/login'))
}

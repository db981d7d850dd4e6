import type { Browser, BrowserContext, Page } from 'playwright-core'

export const desk = { width: 1440, height: 900 }
export const phone = { width: 390, height: 844 }

export interface SessionSpec {
  baseUrl: string
  language?: 'en' | 'zh'
  colours?: 'light' | 'dark'
  viewport?: { width: number; height: number }
  /** Disables scripts of the page. */
  withoutScript?: true
}

/** A browser context of one user, with its own cookies. */
export interface BrowserSession {
  page: Page
  context: BrowserContext
  /** Errors of the browser so far: script errors, CSP violations, failed loads. */
  browserErrors(): string[]
  /** Opens another tab. */
  openTab(): Promise<Page>
  close(): Promise<void>
}

const WAIT_MS = 15_000

// A string, because it runs in the browser.
const LOG_CSP_VIOLATIONS = `document.addEventListener('securitypolicyviolation', (event) =>
  console.error('CSP ' + event.effectiveDirective + ' refused ' + (event.blockedURI || 'inline')))`

/** Opens a new browser context without a session. */
export async function openBrowserSession(
  browser: Browser,
  spec: SessionSpec,
): Promise<BrowserSession> {
  const context = await browser.newContext({
    baseURL: spec.baseUrl,
    locale: spec.language === 'zh' ? 'zh-CN' : 'en-GB',
    colorScheme: spec.colours ?? 'light',
    viewport: spec.viewport ?? desk,
    reducedMotion: 'reduce',
    javaScriptEnabled: !spec.withoutScript,
  })
  context.setDefaultTimeout(WAIT_MS)
  const browserErrors: string[] = []
  await context.addInitScript({ content: LOG_CSP_VIOLATIONS })
  const listen = (page: Page) => {
    page.on('pageerror', (error) => browserErrors.push(`script: ${error.message}`))
    page.on('console', (message) => {
      if (message.type() === 'error') browserErrors.push(message.text())
    })
    return page
  }
  const openTab = async () => listen(await context.newPage())
  const page = await openTab()
  return {
    page,
    context,
    browserErrors: () => [...browserErrors],
    openTab,
    close: () => context.close(),
  }
}

/** Signs in by the login form. */
export async function signIn(page: Page, who: { email: string; password: string }): Promise<void> {
  await page.goto('/login')
  await page.locator('input[name="email"]').fill(who.email)
  await page.locator('input[name="password"]').fill(who.password)
  await page.locator('form button[type="submit"]').click()
  await page.waitForURL((url) => !url.pathname.startsWith('/login'))
}

import type { Browser, CDPSession, Cookie } from 'playwright-core'

import { desk } from './browser-session.ts'

export interface Weight {
  /** Transferred bytes: compressed bodies and headers. Generated pictures are not counted. */
  bytes: number
  requests: number
  /** First contentful paint, from the start of the navigation. */
  firstPaintMs: number
  /** Each request with its bytes, the largest first. */
  parts: { path: string; bytes: number }[]
}

/** A page counts as loaded after this time without transfers; live streams are not counted. */
const QUIET_MS = 500

/** Opens one page with an empty cache and measures its transfers. */
export async function weighPage(
  browser: Browser,
  { url, cookies }: { url: string; cookies: Cookie[] },
): Promise<Weight> {
  const context = await browser.newContext({ viewport: desk, locale: 'en-GB' })
  try {
    await context.addCookies(cookies)
    const page = await context.newPage()
    const session = await context.newCDPSession(page)
    const wire = await listen(session)
    await page.goto(url, { waitUntil: 'load' })
    await wire.untilQuiet()
    const firstPaintMs = await page.evaluate<number>(
      `performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN`,
    )
    return { ...wire.weight(), firstPaintMs }
  } finally {
    await context.close()
  }
}

interface Part {
  path: string
  bytes: number
  isOver: boolean
}

async function listen(session: CDPSession) {
  const parts = new Map<string, Part>()
  let changedAt = performance.now()
  const change = (id: string, what: (part: Part) => void) => {
    const part = parts.get(id)
    if (!part) return
    what(part)
    changedAt = performance.now()
  }
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    const { protocol, pathname, search } = new URL(request.url)
    if (!protocol.startsWith('http') || pathname.startsWith('/p/')) return
    parts.set(requestId, { path: `${pathname}${search}`, bytes: 0, isOver: false })
    change(requestId, () => undefined)
  })
  session.on('Network.responseReceived', ({ requestId, response }) =>
    change(requestId, (part) => {
      part.isOver = response.mimeType === 'text/event-stream'
    }),
  )
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) =>
    change(requestId, (part) => {
      part.bytes = encodedDataLength
      part.isOver = true
    }),
  )
  session.on('Network.loadingFailed', ({ requestId }) =>
    change(requestId, (part) => {
      part.isOver = true
    }),
  )
  await session.send('Network.enable')
  return {
    async untilQuiet() {
      const isQuiet = () =>
        [...parts.values()].every(({ isOver }) => isOver) &&
        performance.now() - changedAt > QUIET_MS
      while (!isQuiet()) await new Promise((resolve) => setTimeout(resolve, QUIET_MS / 10))
    },
    weight() {
      const all = [...parts.values()].map(({ path, bytes }) => ({ path, bytes }))
      const bytes = all.reduce((total, part) => total + part.bytes, 0)
      return { bytes, requests: all.length, parts: all.toSorted((a, b) => b.bytes - a.bytes) }
    },
  }
}

import { launchBrowser } from '@sluice/browser-tests/harness/browser'
import { startInstallation } from '@sluice/browser-tests/harness/installation'
import type { PanelBudget } from '@sluice/browser-tests/harness/panel-budgets'
import { panelBudgets } from '@sluice/browser-tests/harness/panel-budgets'
import type { Weight } from '@sluice/browser-tests/harness/weigh-page'
import { weighPage } from '@sluice/browser-tests/harness/weigh-page'
import { cookiesOfTestUser } from '@sluice/browser-tests/harness/test-user-cookies'
import type { Browser, Cookie } from 'playwright-core'

import { find } from '../measure/servers.ts'
import { brief, median, table } from '../measure/table.ts'
import { buildPanel } from './build-panel.ts'

const VISITS = 5
const FIRST_PAINT_MS_MAX = 1_500

interface Row {
  budget: PanelBudget
  weight: Weight
  firstPaintMs: number
}

/** Measures page weights and first paint on a first visit. */
export async function benchPanel(): Promise<string> {
  buildPanel()
  process.env['TEST_CHROMIUM'] ??= find('chromium')
  const installation = await startInstallation()
  const browser = await launchBrowser()
  try {
    const cookies = await cookiesOfTestUser(browser, installation)
    const rows: Row[] = []
    for (const budget of panelBudgets) {
      process.stderr.write(`panel: ${budget.name}\n`)
      rows.push(await visits(browser, { budget, cookies, baseUrl: installation.baseUrl }))
    }
    return report(rows)
  } finally {
    await browser.close()
    await installation.stop()
  }
}

async function visits(
  browser: Browser,
  { budget, cookies, baseUrl }: { budget: PanelBudget; cookies: Cookie[]; baseUrl: string },
): Promise<Row> {
  const weights: Weight[] = []
  for (let visit = 0; visit < VISITS; visit += 1) {
    const url = `${baseUrl}${budget.path}`
    weights.push(await weighPage(browser, { url, cookies: budget.isOpen ? [] : cookies }))
  }
  const [weight] = weights.toSorted((a, b) => b.bytes - a.bytes)
  if (!weight) throw new Error('VISITS is 0')
  return { budget, weight, firstPaintMs: median(weights.map((one) => one.firstPaintMs)) }
}

function report(rows: Row[]): string {
  const lines = rows.map(({ budget, weight, firstPaintMs }) => [
    budget.name,
    weight.bytes,
    budget.bytesMax,
    weight.requests,
    Math.round(firstPaintMs),
  ])
  const over = rows.filter(({ budget, weight }) => weight.bytes > budget.bytesMax)
  for (const { budget, weight } of over) {
    process.exitCode = 1
    const parts = weight.parts.map(({ path, bytes }) => `  ${bytes} ${path}`).join('\n')
    process.stderr.write(`${budget.name} exceeds its budget:\n${parts}\n`)
  }
  const overview = rows.find(({ budget }) => budget.name === 'overview')?.firstPaintMs
  const met = overview !== undefined && overview <= FIRST_PAINT_MS_MAX
  return [
    '### pnpm bench panel',
    '',
    `The real standalone and a Chromium with an empty cache, ${VISITS} visits each: the largest page weight and the`,
    'median first paint. Bytes are those transferred, compressed and including headers, without generated',
    'pictures.',
    '',
    table(['page', 'bytes', 'budget', 'requests', 'first paint ms'], lines),
    '',
    over.length === 0
      ? '- Every page is within its budget.'
      : `- Over budget: **${over.map(({ budget }) => budget.name).join(', ')}**`,
    `- First paint of the overview: **${brief(overview ?? Number.NaN)} ms** (goal ≤ ${FIRST_PAINT_MS_MAX}, ${met ? 'met' : 'missed'})`,
    '',
  ].join('\n')
}

import { queryDatabase } from '@sluice/e2e/harness/ledger'
import { expect } from 'vitest'

import type { Visit } from './stage.ts'
import { goTo, soon } from './stage.ts'

const MICRO_DIGITS = 6

/** `12.345678`, as it is shown exactly in either language, in micro-credits. */
function microOf(shown: string): bigint {
  const digits = shown.replaceAll(/[^\d.]/g, '')
  const [whole = '', part = ''] = digits.split('.')
  return BigInt(whole + part.padEnd(MICRO_DIGITS, '0'))
}

/** One charge, from the list to the ledger in the database: the same amount at every place. */
export async function explainCharge(
  visit: Visit,
  { charges }: { charges: number },
): Promise<{ chargedMicro: bigint }> {
  const { installation, page, messages } = visit
  const { usage, ledger } = messages
  await goTo(visit, 'usage')
  const list = page.getByRole('table', { name: usage.charges.title })
  await soon(() => list.getByRole('link').count()).toBe(charges)
  await list.getByRole('link').first().click()
  const sum = page.getByRole('region', { name: usage.charge.sum }).first()
  const lines = sum.getByRole('row').filter({ has: page.getByRole('cell') })
  await lines.first().waitFor()
  const amounts = await lines.locator('td:last-child').allInnerTexts()
  const sumMicro = amounts.map(microOf).reduce((one, other) => one + other, 0n)
  const total = sum.locator('p').filter({ hasText: usage.charge.total })
  const chargedMicro = microOf(await total.locator('span').last().innerText())
  expect(sumMicro).toBe(chargedMicro)

  const id = new URL(page.url()).pathname.split('/').at(-1)
  const taken = await queryDatabase<{ amount: string }>(
    { running: installation },
    `select sum(t.amount_micro)::text as amount from ledger_transfers t
       join holds h on h.id = t.hold_id where h.ref = $1 and t.kind = 'capture'`,
    [id],
  )
  expect(BigInt(taken[0]?.amount ?? '-1')).toBe(chargedMicro)

  await goTo(visit, 'ledger')
  const entries = page.getByRole('table', { name: ledger.title }).getByRole('row')
  const entry = entries
    .filter({ has: page.locator(`a[href$="${id}"]`) })
    .filter({ has: page.getByText(ledger.kinds.capture, { exact: true }) })
  const shown = entry.locator('data').first()
  expect(await shown.getAttribute('value')).toBe(String(chargedMicro))
  return { chargedMicro }
}

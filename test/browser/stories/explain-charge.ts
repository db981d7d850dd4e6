import { queryDatabase } from '@sluice/e2e/harness/ledger'
import { expect } from 'vitest'

import type { PanelUser } from './environment.ts'
import { goTo, eventually } from './environment.ts'

const MICRO_DIGITS = 6

/** The micro-credits of a shown amount such as `12.345678`. */
function microOf(shown: string): bigint {
  const digits = shown.replaceAll(/[^\d.]/g, '')
  const [whole = '', part = ''] = digits.split('.')
  return BigInt(whole + part.padEnd(MICRO_DIGITS, '0'))
}

/** Checks that one charge has the same amount in the list, on its page, in the ledger and in the database. */
export async function explainCharge(
  user: PanelUser,
  { charges }: { charges: number },
): Promise<{ chargedMicro: bigint }> {
  const { installation, page, messages } = user
  const { usage, ledger } = messages
  await goTo(user, 'usage')
  const list = page.getByRole('table', { name: usage.charges.title })
  await eventually(() => list.getByRole('link').count()).toBe(charges)
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

  await goTo(user, 'ledger')
  const entries = page.getByRole('table', { name: ledger.title }).getByRole('row')
  const entry = entries
    .filter({ has: page.locator(`a[href$="${id}"]`) })
    .filter({ has: page.getByText(ledger.kinds.capture, { exact: true }) })
  const shown = entry.locator('data').first()
  expect(await shown.getAttribute('value')).toBe(String(chargedMicro))
  return { chargedMicro }
}

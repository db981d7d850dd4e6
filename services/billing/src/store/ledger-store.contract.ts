import { chargesSuite } from '../../test/ledger-suite/charges.ts'
import { holdsSuite } from '../../test/ledger-suite/holds.ts'
import { postingSuite } from '../../test/ledger-suite/posting.ts'
import { readingSuite } from '../../test/ledger-suite/reading.ts'
import type { LedgerUnderTest } from '../../test/ledger-suite/fixtures.ts'
import { transactionsSuite } from '../../test/ledger-suite/transactions.ts'

/** The contract of every ledger store, in memory and in PostgreSQL. */
export function ledgerStoreContract(make: () => Promise<LedgerUnderTest>): void {
  holdsSuite(make)
  transactionsSuite(make)
  postingSuite(make)
  readingSuite(make)
  chargesSuite(make)
}

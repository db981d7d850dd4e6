import { eachPostgres } from '@sluice/testkit/databases'
import type { TestDatabase } from '@sluice/testkit/databases'
import { afterAll, beforeAll, beforeEach } from 'vitest'

import { emptyLedger, pgLedger } from '../../test/pg-ledgers.ts'
import { ledgerStoreContract } from './ledger-store.contract.ts'

eachPostgres('the ledger', (open) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await open()
  })
  beforeEach(() => emptyLedger(database))
  afterAll(() => database.close())

  ledgerStoreContract(() => pgLedger(database))
})

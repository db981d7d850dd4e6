import { describe } from 'vitest'

import { memoryLedger } from '../../test/ledgers.ts'
import { ledgerStoreContract } from './ledger-store.contract.ts'

describe('the ledger in memory', () => {
  ledgerStoreContract(memoryLedger)
})

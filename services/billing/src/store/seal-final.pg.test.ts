import { systemClock } from '@sluice/kernel/clock'
import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import { id } from '../../test/ids.ts'
import { emptyLedger } from '../../test/pg-ledgers.ts'
import { nextSeal } from '../ledger/seal.ts'
import { transfer } from '../ledger/transfer.ts'
import { kyselyLedgerStore } from './kysely-ledger-store.ts'
import type { LedgerTransaction } from './ledger-store.ts'

const at = new Date('2026-06-01T12:00:00.000Z')

eachPostgres('sealing during concurrent writes', (open) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await open()
  })
  beforeEach(() => emptyLedger(database))
  afterAll(() => database.close())

  // Transactions of other databases of the same server delay a seal, so a seal is tried until it is made.
  const setUp = () => {
    // Sealing polls until concurrent transactions have ended; the tests skip the waits.
    const clock = { ...systemClock, sleep: async () => {} }
    const jobs = {
      readEndedJob: async () => undefined,
      isJobRunning: async () => false,
      findJobs: async () => [],
    }
    const store = kyselyLedgerStore({ db: database.db, jobs, clock })
    const grant = async (tx: LedgerTransaction, number: number) => {
      const wallet = id('wal', number)
      await tx.ensureWallet(wallet, at)
      const facts = { id: `gift-${number}`, wallet, amountMicro: 1n, createdAt: at }
      await tx.post({ holds: [], transfers: [transfer('grant', facts)] })
    }
    const seal = () =>
      store.sealNext((previous, transfers) => nextSeal({ previous, transfers, at }), {
        transfersMax: 100,
      })
    return { store, grant, seal }
  }

  it('never leaves out a transfer with a lower number that commits later', async () => {
    const { store, grant, seal } = setUp()
    const written = Promise.withResolvers<void>()
    const mayCommit = Promise.withResolvers<void>()
    const slow = store.inTransaction(async (tx) => {
      await grant(tx, 1)
      written.resolve()
      await mayCommit.promise
    })
    await written.promise
    await store.inTransaction((tx) => grant(tx, 2))
    expect(await seal()).toBeUndefined()
    mayCommit.resolve()
    await slow
    await expect.poll(seal).toMatchObject({ seqs: [1n, 2n] })
    expect((await store.verify({ now: at, graceMs: 0 })).findings).toEqual([])
  })

  it('continues past a number whose transaction was rolled back', async () => {
    const { store, grant, seal } = setUp()
    await store.inTransaction((tx) => grant(tx, 1))
    const undone = store.inTransaction(async (tx) => {
      await grant(tx, 2)
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    await store.inTransaction((tx) => grant(tx, 3))
    await expect.poll(seal).toMatchObject({ fromSeq: 1n, toSeq: 3n, seqs: [1n, 3n] })
    await store.inTransaction((tx) => grant(tx, 4))
    await expect.poll(seal).toMatchObject({ fromSeq: 4n, toSeq: 4n })
    expect((await store.verify({ now: at, graceMs: 0 })).findings).toEqual([])
  })

  it('gives one chain when many replicas seal at once', async () => {
    const { store, grant, seal } = setUp()
    for (const number of [1, 2, 3, 4, 5]) {
      await store.inTransaction((tx) => grant(tx, number))
      await Promise.all([seal(), seal(), seal(), seal()])
    }
    const readSeals = () => database.db.selectFrom('ledger_seals').select('seqs').execute()
    const sealRest = async () => {
      await seal()
      return (await readSeals()).flatMap(({ seqs }) => seqs)
    }
    await expect.poll(sealRest).toHaveLength(5)
    const { findings, checked } = await store.verify({ now: at, graceMs: 0 })
    expect(findings).toEqual([])
    const sealed = await readSeals()
    expect(checked['seals']).toBe(sealed.length)
  })
})

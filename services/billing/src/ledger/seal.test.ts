import { describe, expect, it } from 'vitest'

import type { Seal } from './seal.ts'
import { faultOfSeal, faultsOfRows, nextSeal } from './seal.ts'
import type { PostedTransfer } from './transfer.ts'
import { transfer } from './transfer.ts'

const at = new Date('2026-06-01T12:00:00.000Z')
const row = (seq: bigint): PostedTransfer => ({
  ...transfer('grant', { id: `g${seq}`, wallet: 'w', amountMicro: seq, createdAt: at }),
  seq,
})
const rows = [1n, 2n, 4n, 5n, 7n].map(row)
const first = nextSeal({ previous: undefined, transfers: rows, at })
const second = nextSeal({ previous: first, transfers: [row(9n)], at })

describe('a seal', () => {
  it('starts right after the previous range, even when some transfer numbers are unused', () => {
    expect(first).toMatchObject({ number: 1n, fromSeq: 1n, toSeq: 7n })
    expect(second).toMatchObject({ number: 2n, fromSeq: 8n, toSeq: 9n })
    expect(faultOfSeal(first, undefined)).toBeUndefined()
    expect(faultOfSeal(second, first)).toBeUndefined()
    expect(faultsOfRows(first, rows)).toEqual([])
  })

  const damages: [string, (row: PostedTransfer) => PostedTransfer][] = [
    ['id', (row) => ({ ...row, id: `${row.id}x` })],
    ['wallet', (row) => ({ ...row, wallet: 'v' })],
    ['kind', (row) => ({ ...row, kind: 'purchase' })],
    ['debit account', (row) => ({ ...row, debitAccount: 'clearing:w' })],
    ['credit account', (row) => ({ ...row, creditAccount: 'available:v' })],
    ['amount', (row) => ({ ...row, amountMicro: row.amountMicro + 1n })],
    ['hold', (row) => ({ ...row, holdId: 'h' })],
    ['ref type', (row) => ({ ...row, refType: 'job' })],
    ['ref', (row) => ({ ...row, refId: 'j' })],
    ['memo', (row) => ({ ...row, memo: '' })],
    ['time', (row) => ({ ...row, createdAt: new Date(at.getTime() + 1) })],
  ]
  it.each(damages)('detects a changed %s and reports the row', (_name, damage) => {
    const damaged = rows.map((one) => (one.seq === 4n ? damage(one) : one))
    expect(faultsOfRows(first, damaged)).toEqual([{ seq: 4n, fault: 'changed' }])
  })

  it('reports missing rows and inserted rows', () => {
    const others = [row(1n), row(2n), row(3n), row(5n), row(7n)]
    expect(faultsOfRows(first, others)).toEqual([
      { seq: 3n, fault: 'inserted' },
      { seq: 4n, fault: 'missing' },
    ])
  })

  const forgeries: [string, Partial<Seal>, string][] = [
    ['leaf', { leaves: [...second.leaves, Buffer.alloc(32)] }, 'leaves do not give its root'],
    ['root', { root: Buffer.alloc(32) }, 'leaves do not give its root'],
    ['time', { sealedAt: new Date(0) }, 'hash is not that of its contents'],
    ['range', { fromSeq: 7n }, 'range does not follow'],
    ['number', { number: 3n }, 'seal before it is missing'],
    ['chain', { previous: Buffer.alloc(32) }, 'chain is broken'],
  ]
  it.each(forgeries)('with a forged %s is detected', (_name, forged, fault) => {
    expect(faultOfSeal({ ...second, ...forged }, first)).toContain(fault)
  })

  it('recomputed over changed rows breaks the chain of the next seal', () => {
    const changed = rows.map((one) => ({ ...one, amountMicro: 1n }))
    const forged = nextSeal({ previous: undefined, transfers: changed, at })
    expect(faultOfSeal(forged, undefined)).toBeUndefined()
    expect(faultOfSeal(second, forged)).toContain('chain is broken')
  })
})

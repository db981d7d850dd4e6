import type { LedgerSealsTable } from '@sluice/db/tables/billing'
import type { Insertable, Selectable } from 'kysely'

import type { Seal } from '../ledger/seal.ts'
import { LEAF_BYTES } from '../ledger/seal.ts'

export const toSeal = (row: Selectable<LedgerSealsTable>): Seal => ({
  number: row.number,
  fromSeq: row.from_seq,
  toSeq: row.to_seq,
  seqs: row.seqs,
  leaves: row.seqs.map((_seq, index) =>
    row.leaves.subarray(index * LEAF_BYTES, (index + 1) * LEAF_BYTES),
  ),
  root: row.root,
  previous: row.previous,
  hash: row.hash,
  sealedAt: row.sealed_at,
})

export const toSealRow = (seal: Seal): Insertable<LedgerSealsTable> => ({
  number: seal.number,
  from_seq: seal.fromSeq,
  to_seq: seal.toSeq,
  seqs: seal.seqs,
  leaves: Buffer.concat(seal.leaves),
  root: seal.root,
  previous: seal.previous,
  hash: seal.hash,
  sealed_at: seal.sealedAt,
})

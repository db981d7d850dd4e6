import { createHash } from 'node:crypto'

import { assert } from '@sluice/kernel/assert'

import type { PostedTransfer } from './transfer.ts'

export const LEAF_BYTES = 32
const FIRST_PREVIOUS = Buffer.alloc(LEAF_BYTES)

/** A block of final transfers: the hash of each transfer, chained to the previous block. */
export interface Seal {
  number: bigint
  /** The block covers every number in this range; numbers missing from `seqs` were never used. */
  fromSeq: bigint
  toSeq: bigint
  seqs: bigint[]
  /** One hash for each of `seqs`, so that a damaged row can be identified, not only its block. */
  leaves: Buffer[]
  root: Buffer
  previous: Buffer
  hash: Buffer
  sealedAt: Date
}

/** Seals transfers that follow the previous block, in order of their numbers. */
export function nextSeal({
  previous,
  transfers,
  at,
}: {
  previous: Seal | undefined
  transfers: readonly PostedTransfer[]
  at: Date
}): Seal {
  const last = transfers.at(-1)
  assert(last, 'a block has at least one transfer')
  const leaves = transfers.map(leafOf)
  const facts = {
    number: (previous?.number ?? 0n) + 1n,
    fromSeq: (previous?.toSeq ?? 0n) + 1n,
    toSeq: last.seq,
    root: rootOf(leaves),
    previous: previous?.hash ?? FIRST_PREVIOUS,
    sealedAt: at,
  }
  return { ...facts, seqs: transfers.map(({ seq }) => seq), leaves, hash: hashOf(facts) }
}

/** The fault of a seal by itself or in the chain after the previous seal; undefined when it is valid. */
export function faultOfSeal(seal: Seal, previous: Seal | undefined): string | undefined {
  if (seal.number !== (previous?.number ?? 0n) + 1n) return 'a seal before it is missing'
  if (seal.fromSeq !== (previous?.toSeq ?? 0n) + 1n) return 'its range does not follow'
  if (!seal.previous.equals(previous?.hash ?? FIRST_PREVIOUS)) return 'its chain is broken'
  if (!seal.root.equals(rootOf(seal.leaves))) return 'its leaves do not give its root'
  if (!seal.hash.equals(hashOf(seal))) return 'its hash is not that of its contents'
  return undefined
}

export interface RowFault {
  seq: bigint
  fault: 'changed' | 'missing' | 'inserted'
}

/** The rows of a sealed range that differ from the seal, lowest number first. */
export function faultsOfRows(seal: Seal, rows: readonly PostedTransfer[]): RowFault[] {
  const sealed = new Map(seal.seqs.map((seq, index) => [seq, seal.leaves[index]]))
  const found = new Set(rows.map(({ seq }) => seq))
  const faults: RowFault[] = []
  for (const row of rows) {
    const leaf = sealed.get(row.seq)
    if (leaf === undefined) faults.push({ seq: row.seq, fault: 'inserted' })
    else if (!leaf.equals(leafOf(row))) faults.push({ seq: row.seq, fault: 'changed' })
  }
  for (const seq of seal.seqs) if (!found.has(seq)) faults.push({ seq, fault: 'missing' })
  return faults.sort((a, b) => Number(a.seq - b.seq))
}

// Every field is prefixed with its length, so that no two rows give the same bytes. The first byte
// separates the domains of leaves, nodes and seals (RFC 6962 §2.1).
function leafOf(transfer: PostedTransfer): Buffer {
  const hash = createHash('sha256').update(Uint8Array.of(0))
  const fields = [
    transfer.seq.toString(),
    transfer.id,
    transfer.wallet,
    transfer.kind,
    transfer.debitAccount,
    transfer.creditAccount,
    transfer.amountMicro.toString(),
    transfer.holdId,
    transfer.refType,
    transfer.refId,
    transfer.memo,
    transfer.createdAt.toISOString(),
  ]
  for (const field of fields) {
    hash.update(field === null ? '-' : `${Buffer.byteLength(field)}:${field}`)
  }
  return hash.digest()
}

/** The root of the Merkle tree of RFC 6962 §2.1 over these leaves. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  let level = [...leaves]
  while (level.length > 1) {
    const parents: Buffer[] = []
    for (let index = 0; index < level.length; index += 2) {
      const left = level[index]
      const right = level[index + 1]
      assert(left, 'the loop stays within the level')
      parents.push(right ? sha256(Uint8Array.of(1), left, right) : left)
    }
    level = parents
  }
  return level[0] ?? sha256()
}

function hashOf(
  seal: Pick<Seal, 'number' | 'fromSeq' | 'toSeq' | 'root' | 'previous' | 'sealedAt'>,
) {
  const facts = `${seal.number} ${seal.fromSeq} ${seal.toSeq} ${seal.sealedAt.toISOString()}`
  return sha256(Uint8Array.of(2), seal.previous, seal.root, Buffer.from(facts))
}

function sha256(...context: Uint8Array[]): Buffer {
  const hash = createHash('sha256')
  for (const part of context) hash.update(part)
  return hash.digest()
}

import type { BillingContext } from '../deps.ts'
import { nextSeal } from '../ledger/seal.ts'

const BLOCK_TRANSFERS_MAX = 4_096
const BLOCKS_MAX = 256

/** Seals final transfers, block by block. Returns how many blocks were sealed. */
export async function sealLedger({ store, clock, log }: BillingContext): Promise<number> {
  let blocks = 0
  while (blocks < BLOCKS_MAX) {
    const seal = await store.sealNext(
      (previous, transfers) => nextSeal({ previous, transfers, at: clock.now() }),
      { transfersMax: BLOCK_TRANSFERS_MAX },
    )
    if (!seal) break
    blocks += 1
    const { number, fromSeq, toSeq, hash } = seal
    // The log is stored apart from the database: changing sealed rows unnoticed would need both.
    log.info(
      {
        number: String(number),
        fromSeq: String(fromSeq),
        toSeq: String(toSeq),
        hash: hash.toString('hex'),
      },
      'the ledger was sealed',
    )
    if (seal.seqs.length < BLOCK_TRANSFERS_MAX) break
  }
  return blocks
}

import type { PictureUsage } from '@sluice/contracts/usage'
import { isAppError } from '@sluice/kernel/app-error'

import { id } from './ids.ts'
import { memoryLedger } from './ledgers.ts'
import { testBilling } from './test-billing.ts'

export const wallet = id('wal', 1)
export const apiKeyId = id('key', 1)
export const model = 'gpt-image-1'
export const ref = id('img', 1)
export const low: PictureUsage = { width: 1024, height: 1024, quality: 'low' }
export const high: PictureUsage = { ...low, quality: 'high' }
export const credits = (amount: number) => BigInt(amount) * 1_000_000n

/** A wallet with credits, and one image job for two pictures of high quality. */
export async function createJobFixture(grant = 100) {
  const installation = testBilling({ ledger: await memoryLedger() })
  const { billing, clock } = installation
  const amountMicro = credits(grant)
  await billing.grantCredits({ transferId: 'first-gift', wallet, amountMicro, memo: 'welcome' })
  const expiresAt = new Date(clock.nowMs() + 600_000)
  const open = (facts: Partial<Parameters<typeof billing.openHold>[0]> = {}) =>
    billing.openHold({
      wallet,
      ref,
      model,
      worstCase: { kind: 'images', pictures: [high, high] },
      expiresAt,
      ...facts,
    })
  const capture = (pictures = [low], facts: { ref?: string; model?: string } = {}) =>
    billing.captureHold({
      ref,
      model,
      usage: { kind: 'images', pictures },
      source: 'upstream',
      apiKeyId,
      ...facts,
    })
  const end = (state: 'done' | 'failed' | 'cancelled', pictures = [low]) => {
    installation.ledger.jobs.set(ref, { state, wallet, apiKeyId, model, pictures })
    return installation.ledger.enqueueJobEnded(ref)
  }
  return { ...installation, open, capture, end, balance: () => billing.readBalance({ wallet }) }
}

/** The code and parameter of the error of a call. */
export const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'no error',
    (error: unknown) => (isAppError(error) ? `${error.code} ${error.param}` : error),
  )

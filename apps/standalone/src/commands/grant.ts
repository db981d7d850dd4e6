import { formatCredits } from '@sluice/kernel/credits'
import { newId } from '@sluice/kernel/ids'

import type { Command } from './command.ts'
import { print } from './print.ts'
import { readCredits, readWords } from './words.ts'

export const grant: Command = {
  usage: ['WALLET AMOUNT [--memo TEXT] [--id ID]', 'give credits; the same --id gives them once'],
  run: async ({ billing, clock, random }, args) => {
    const words = readWords(args, { options: ['memo', 'id'] })
    const { balance } = await billing.grantCredits({
      transferId: words.option('id') ?? newId('tr', { clock, random }),
      wallet: words.word(0, 'the wallet'),
      amountMicro: readCredits('the amount', words.word(1, 'the amount')),
      memo: words.option('memo') ?? 'granted by the operator',
    })
    print(`Available: ${formatCredits(balance.availableMicro)} credits`)
    return 0
  },
}

import { formatCredits } from '@sluice/kernel/credits'
import { newId } from '@sluice/kernel/ids'

import type { Command } from './command.ts'
import { print } from './print.ts'
import { readCredits, readArguments } from './read-arguments.ts'

export const grant: Command = {
  usage: [
    'WALLET AMOUNT [--memo TEXT] [--id ID]',
    'grant credits; repeating an --id grants nothing',
  ],
  run: async ({ billing, clock, random }, args) => {
    const cliArgs = readArguments(args, { options: ['memo', 'id'] })
    const { balance } = await billing.grantCredits({
      transferId: cliArgs.option('id') ?? newId('tr', { clock, random }),
      wallet: cliArgs.positional(0, 'the wallet'),
      amountMicro: readCredits('the amount', cliArgs.positional(1, 'the amount')),
      memo: cliArgs.option('memo') ?? 'granted by the operator',
    })
    print(`Available: ${formatCredits(balance.availableMicro)} credits`)
    return 0
  },
}

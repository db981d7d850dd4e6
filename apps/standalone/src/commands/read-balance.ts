import { formatCredits } from '@sluice/kernel/credits'

import type { Command } from './command.ts'
import { printColumns } from './print.ts'
import { readArguments } from './read-arguments.ts'

export const readBalance: Command = {
  usage: ['WALLET', "a wallet's posted, held and available credits"],
  run: async ({ billing }, args) => {
    const wallet = readArguments(args, {}).positional(0, 'the wallet')
    const { postedMicro, heldMicro, availableMicro } = await billing.readBalance({ wallet })
    printColumns([
      ['posted', 'held', 'available'],
      [postedMicro, heldMicro, availableMicro].map(formatCredits),
    ])
    return 0
  },
}

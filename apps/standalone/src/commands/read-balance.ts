import { formatCredits } from '@sluice/kernel/credits'

import type { Command } from './command.ts'
import { printColumns } from './print.ts'
import { readArguments } from './read-arguments.ts'

export const readBalance: Command = {
  usage: ['WALLET', 'what a wallet has, what of it is held, what may be spent'],
  run: async ({ billing }, args) => {
    const wallet = readArguments(args, {}).word(0, 'the wallet')
    const { postedMicro, heldMicro, availableMicro } = await billing.readBalance({ wallet })
    printColumns([
      ['posted', 'held', 'available'],
      [postedMicro, heldMicro, availableMicro].map(formatCredits),
    ])
    return 0
  },
}

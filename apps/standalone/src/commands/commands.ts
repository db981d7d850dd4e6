import { addChannel } from './add-channel.ts'
import { addUser } from './add-user.ts'
import type { Command } from './command.ts'
import { databaseUrl } from './database-url.ts'
import { grant } from './grant.ts'
import { issueKey } from './issue-key.ts'
import { listChannels } from './list-channels.ts'
import { readBalance } from './read-balance.ts'
import { revokeKey } from './revoke-key.ts'
import { replacePassword } from './replace-password.ts'
import { setChannelModels } from './set-channel-models.ts'
import { setChannelSettings } from './set-channel-settings.ts'
import { setup } from './setup.ts'
import { switchChannel } from './switch-channel.ts'
import { testChannel } from './test-channel.ts'
import { verifyLedger } from './verify-ledger.ts'

/** Every command by its name. */
export const commands: Record<string, Command> = {
  setup,
  'user add': addUser,
  'user password': replacePassword,
  'key issue': issueKey,
  'key revoke': revokeKey,
  'credits grant': grant,
  balance: readBalance,
  'channel list': listChannels,
  'channel add': addChannel,
  'channel models': setChannelModels,
  'channel settings': setChannelSettings,
  'channel on': switchChannel(true),
  'channel off': switchChannel(false),
  'channel test': testChannel,
  'ledger verify': verifyLedger,
  'database url': databaseUrl,
}

/** What to type, a line a command. */
export function usage(): string {
  const lines = Object.entries(commands).map(
    ([
      name,
      {
        usage: [cliArgs, meaning],
      },
    ]) => [`${name} ${cliArgs}`.trim(), meaning],
  )
  const width = Math.max(...lines.map(([typed = '']) => typed.length))
  return [
    'usage: pnpm sluice <command>',
    '',
    ...lines.map(([typed = '', meaning]) => `  ${typed.padEnd(width)}  ${meaning}`),
    '',
    'exit codes: 0 done; 1 failed, or a ledger with findings; 2 words that cannot be used;',
    '            3 there is no installation to work on, or its secrets are missing',
  ].join('\n')
}

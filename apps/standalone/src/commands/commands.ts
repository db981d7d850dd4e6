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

/** Commands by name. */
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

/** The help text, one line per command. */
export function usage(): string {
  const lines = Object.entries(commands).map(
    ([
      name,
      {
        usage: [cliArgs, meaning],
      },
    ]) => [`${name} ${cliArgs}`.trim(), meaning],
  )
  const width = Math.max(...lines.map(([syntax = '']) => syntax.length))
  return [
    'usage: pnpm sluice <command>',
    '',
    ...lines.map(([syntax = '', meaning]) => `  ${syntax.padEnd(width)}  ${meaning}`),
    '',
    'exit codes: 0 done; 1 failed, or the ledger has findings; 2 invalid arguments;',
    '            3 no installation found, or its secrets are missing',
  ].join('\n')
}

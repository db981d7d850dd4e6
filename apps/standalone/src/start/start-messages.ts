import { builtInChannel } from '@sluice/upstreams/built-in-channels'

import type { FirstStart } from './first-start.ts'

/** Lists what this start created; secrets are not readable later. Empty when nothing was created. */
export function describeFirstStart(made: FirstStart, startingCredits: number): string {
  if (made.password === undefined && made.apiKey === undefined) return ''
  const lines = ['', 'Created on this first start; shown once:']
  if (made.password) lines.push(`  admin     ${made.email}`, `  password  ${made.password}`)
  if (made.apiKey) lines.push(`  API key   ${made.apiKey}`, `  credits   ${startingCredits}`)
  return `${lines.join('\n')}\n`
}

/** Shows the addresses and a curl command to paste. */
export function describeNextSteps(spec: {
  url: string
  dataDir: string
  apiKey: string | undefined
  /** The admin's e-mail. */
  email: string
  /** True while no channel has an upstream. */
  builtInOnly: boolean
}): string {
  const key = spec.apiKey ?? '$SLUICE_KEY'
  return [
    '',
    `Sluice listens on ${spec.url}`,
    `Open the panel at this address in a browser and sign in as ${spec.email}`,
    `Data folder: ${spec.dataDir}`,
    spec.builtInOnly
      ? `The ${builtInChannel.name} serves all models; set OPENAI_API_KEY and restart to use real ones.`
      : 'Your channels serve the models; list them with: pnpm sluice channel list',
    '',
    'Or send a request:',
    '',
    `  curl -s ${spec.url}/v1/images/generations \\`,
    `    -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" \\`,
    `    -d '{"model":"gpt-image-2","prompt":"a heron at dawn","response_format":"url"}'`,
    '',
    '',
  ].join('\n')
}

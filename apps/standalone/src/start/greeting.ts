import type { FirstStart } from './first-start.ts'

/** What this start made, to be shown at once: nobody can read it again. Empty when it made nothing. */
export function describeFirstStart(made: FirstStart, startingCredits: number): string {
  if (made.password === undefined && made.apiKey === undefined) return ''
  const lines = ['', 'Made on this first start; shown only now:']
  if (made.password) lines.push(`  admin     ${made.email}`, `  password  ${made.password}`)
  if (made.apiKey) lines.push(`  API key   ${made.apiKey}`, `  credits   ${startingCredits}`)
  return `${lines.join('\n')}\n`
}

/** Where Sluice is, and a line to try that works when it is pasted. */
export function describeNextSteps(spec: {
  url: string
  dataDir: string
  apiKey: string | undefined
  /** The admin's. */
  email: string
  /** True while only the sandbox answers. */
  sandboxOnly: boolean
}): string {
  const key = spec.apiKey ?? '$SLUICE_KEY'
  return [
    '',
    `Sluice listens on ${spec.url}`,
    `Its panel is there too: open it in a browser, and sign in as ${spec.email}`,
    `Its data is in ${spec.dataDir}`,
    spec.sandboxOnly
      ? 'Models are answered by the sandbox; start with OPENAI_API_KEY to use the real ones.'
      : 'Models are answered by your channels; see them with: pnpm sluice channel list',
    '',
    'Or try it from here:',
    '',
    `  curl -s ${spec.url}/v1/images/generations \\`,
    `    -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" \\`,
    `    -d '{"model":"gpt-image-2","prompt":"a heron at dawn","response_format":"url"}'`,
    '',
    '',
  ].join('\n')
}

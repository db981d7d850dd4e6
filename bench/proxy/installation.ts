import type { WiringOptions } from '@sluice/e2e/harness/running'

/** The options of an installation for this bench: edge-api alone on CPU 1, everything else on CPU 0. */
export const benchInstallation = (upstreamPort: number): WiringOptions => ({
  upstreamUrl: `http://127.0.0.1:${upstreamPort}`,
  upstreamKey: 'bench',
  cpuOf: (name) => (name === 'edge-api' ? 1 : 0),
  env: { LOG_LEVEL: 'error' },
})

/** An API key with a rate limit that is counted but never reached. */
export async function limitedKey(sluice: (...args: string[]) => Promise<string>): Promise<string> {
  const printed = await sluice(
    'user',
    'add',
    '--email',
    'bench@example.test',
    '--credits',
    '1000000',
    '--rpm',
    '1000000',
    '--json',
  )
  const made: unknown = JSON.parse(printed.trim().split('\n').at(-1) ?? '')
  if (typeof made === 'object' && made && 'apiKey' in made) return String(made.apiKey)
  throw new Error(`no key in: ${printed}`)
}

import type { Rule } from './repository.ts'
import { linesMatching, productFiles } from './repository.ts'

const CLOCK = 'packages/kernel/src/clock.ts'
const RANDOMNESS = ['packages/kernel/src/random.ts', 'packages/kernel/src/ids.ts']
const ENVIRONMENT = 'packages/service-kit/src/read-config.ts'

const BUILT_IN_DIALECT = [
  'packages/upstreams/src/sandbox/',
  // Lists of all dialects: their names, upstreams, settings and texts.
  'packages/contracts/src/dialects.ts',
  'packages/contracts/src/channel-settings.ts',
  'packages/upstreams/src/registry.ts',
  'packages/upstreams/src/built-in-channels.ts',
  'apps/dashboard/src/lib/admin/setting-fields.ts',
  'apps/dashboard/src/lib/i18n/',
]

/** Allows a pattern only in the given files and folders, so that what it names has one owner. */
function onlyIn(
  paths: string[],
  {
    name,
    remedy,
    pattern,
    example,
    harmless = '',
  }: {
    name: string
    remedy: string
    pattern: RegExp
    example: string
    /** Similar text that is allowed everywhere. */
    harmless?: string
  },
): Rule {
  const isAllowed = (path: string) =>
    paths.some((allowed) => (allowed.endsWith('/') ? path.startsWith(allowed) : path === allowed))
  const sampleIn = (path: string) => [path.endsWith('/') ? `${path}a.ts` : path, example] as const
  return {
    name,
    remedy,
    violations: (repository) => {
      const others = productFiles(repository).filter(({ path }) => !isAllowed(path))
      return linesMatching(others, pattern)
    },
    broken: { 'services/billing/src/methods/a.ts': example },
    good: {
      ...Object.fromEntries(paths.map(sampleIn)),
      'services/billing/src/methods/a.ts': harmless,
      'bench/a.ts': example,
    },
  }
}

export const singleFileRules: Rule[] = [
  onlyIn([ENVIRONMENT], {
    name: 'the environment is read in one file',
    remedy: 'add the variable to the config schema of the service or app and pass its value.',
    pattern: /\bprocess\.env\b/,
    example: 'const port = process.env.PORT',
  }),
  onlyIn([CLOCK], {
    name: 'time is read by the clock only',
    remedy: 'take a Clock as a dependency and call clock.now(), nowMs() or monotonicMs().',
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/,
    example: 'const now = new Date()',
  }),
  onlyIn([CLOCK], {
    name: 'timers come from the clock',
    remedy: 'take a Clock as a dependency and call clock.sleep(), after() or every().',
    pattern: /(?<![.\w])set(Timeout|Interval)\(|timers\/promises/,
    example: 'setTimeout(retry, 1_000)',
  }),
  onlyIn(RANDOMNESS, {
    name: 'random values and ids are generated in one file each',
    remedy: 'take a Random as a dependency; ids come from newId().',
    pattern: /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b|\brandomFill|\bgetRandomValues\b/,
    example: 'const id = crypto.randomUUID()',
  }),
  onlyIn([], {
    name: 'nothing is written to the console',
    remedy: 'use the log of the dependencies; a command prints by print().',
    pattern: /\bconsole\.\w/,
    example: "console.log('here')",
  }),
  onlyIn(BUILT_IN_DIALECT, {
    name: 'the built-in dialect is named by its folder and by lists of all dialects only',
    remedy: 'call isBuiltIn() of packages/contracts.',
    // Not the directive of a Content-Security-Policy.
    pattern: /(?<!; )sandbox/i,
    example: "if (dialect === 'sandbox') return",
    harmless: `const policy = "default-src 'none'; sandbox"\nif (isBuiltIn(dialect)) return`,
  }),
]

import type { Rule } from './repository.ts'
import { linesMatching, productFiles } from './repository.ts'

const CLOCK = 'packages/kernel/src/clock.ts'
const RANDOMNESS = ['packages/kernel/src/random.ts', 'packages/kernel/src/ids.ts']
const ENVIRONMENT = 'packages/service-kit/src/read-config.ts'

/** Allows a pattern only in the given files, since tests must be able to replace it. */
function onlyIn(
  paths: string[],
  { name, pattern, example }: { name: string; pattern: RegExp; example: string },
): Rule {
  return {
    name,
    violations: (repository) => {
      const others = productFiles(repository).filter(({ path }) => !paths.includes(path))
      return linesMatching(others, pattern)
    },
    broken: { 'services/billing/src/methods/a.ts': example },
    good: { [paths[0] ?? 'packages/testkit/test/a.ts']: example, 'bench/a.ts': example },
  }
}

export const singleFileRules: Rule[] = [
  onlyIn([ENVIRONMENT], {
    name: 'the environment is read in one file',
    pattern: /\bprocess\.env\b/,
    example: 'const port = process.env.PORT',
  }),
  onlyIn([CLOCK], {
    name: 'time is read by the clock only',
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/,
    example: 'const now = new Date()',
  }),
  onlyIn([CLOCK], {
    name: 'timers come from the clock',
    pattern: /(?<![.\w])set(Timeout|Interval)\(|timers\/promises/,
    example: 'setTimeout(retry, 1_000)',
  }),
  onlyIn(RANDOMNESS, {
    name: 'random values and ids are generated in one file each',
    pattern: /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b|\brandomFill|\bgetRandomValues\b/,
    example: 'const id = crypto.randomUUID()',
  }),
  onlyIn([], {
    name: 'nothing is written to the console',
    pattern: /\bconsole\.\w/,
    example: "console.log('here')",
  }),
]

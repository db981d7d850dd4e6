import type { Rule } from './repository.ts'
import { linesMatching, productFiles } from './repository.ts'

const CLOCK = 'packages/kernel/src/clock.ts'
const DICE = ['packages/kernel/src/random.ts', 'packages/kernel/src/ids.ts']
const ENVIRONMENT = 'packages/service-kit/src/read-config.ts'

/** What a test must be able to replace happens in one place. */
function onlyIn(
  places: string[],
  { name, pattern, example }: { name: string; pattern: RegExp; example: string },
): Rule {
  return {
    name,
    violations: (repository) => {
      const elsewhere = productFiles(repository).filter(({ path }) => !places.includes(path))
      return linesMatching(elsewhere, pattern)
    },
    broken: { 'services/billing/src/methods/a.ts': example },
    good: { [places[0] ?? 'packages/testkit/test/a.ts']: example, 'bench/a.ts': example },
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
  onlyIn(DICE, {
    name: 'dice are rolled, and ids made, in one place each',
    pattern: /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b|\brandomFill|\bgetRandomValues\b/,
    example: 'const id = crypto.randomUUID()',
  }),
  onlyIn([], {
    name: 'nothing is written to the console',
    pattern: /\bconsole\.\w/,
    example: "console.log('here')",
  }),
]

import type { Rule } from './repository.ts'
import { linesMatching } from './repository.ts'

const isTest = (path: string) => path.endsWith('.test.ts') || path.endsWith('.contract.ts')

const noSkips: Rule = {
  name: 'no test is skipped, todo or exclusive',
  remedy: 'mend or remove the test; the project of its suffix chooses the server that it needs.',
  violations: ({ files }) =>
    linesMatching(
      files.filter(({ path }) => isTest(path)),
      /\b(it|test|describe|suite)(\.\w+)*\.(skip|skipIf|runIf|todo|only|fails)\b/,
    ),
  broken: { 'packages/db/src/a.test.ts': "it.skip('works', () => {})" },
  good: { 'packages/db/src/a.test.ts': "it.each([1])('works', () => {})" },
}

const noSleep: Rule = {
  name: 'no test waits for real time',
  remedy: 'advance a fake clock, or await the event itself (expect.poll).',
  violations: ({ files }) =>
    linesMatching(
      files.filter(({ path }) => path.endsWith('.test.ts') && !path.endsWith('.e2e.test.ts')),
      /setTimeout\((resolve|done|r)\b|timers\/promises|\bsystemClock\.sleep\(/,
    ),
  broken: {
    'packages/db/src/a.test.ts': 'await new Promise((resolve) => setTimeout(resolve, 50))',
  },
  good: { 'packages/db/src/a.test.ts': 'await clock.advance(50)' },
}

// Formats of real credentials: OpenAI, Anthropic, GitHub, AWS, Google, Slack, JWT, private keys.
const secret = new RegExp(
  [
    'sk-(proj-|ant-api\\d\\d-)?[A-Za-z0-9_]{32,}',
    'gh[pousr]_[A-Za-z0-9]{36}',
    'AKIA[0-9A-Z]{16}',
    'AIza[0-9A-Za-z_-]{35}',
    'xox[abp]-[0-9A-Za-z-]{20,}',
    'eyJ[A-Za-z0-9_-]{20,}\\.eyJ[A-Za-z0-9_-]{20,}\\.[A-Za-z0-9_-]{20,}',
    '-----BEGIN [A-Z ]*PRIVATE KEY-----',
  ].join('|'),
)

const SHOWN_CHARACTERS = 8

const noSecrets: Rule = {
  name: 'nothing in the repository has the format of a secret',
  remedy: 'replace it by a text that no vendor would issue, and revoke it if it was real.',
  violations: ({ files }) =>
    files
      .filter(({ path }) => !path.startsWith('packages/testkit/test/repository-rules/'))
      .flatMap(({ path, text }) => {
        const [match] = secret.exec(text) ?? []
        // The log of a failed check must not show it.
        return match === undefined ? [] : [`${path}: ${match.slice(0, SHOWN_CHARACTERS)}…`]
      }),
  broken: { 'packages/upstreams/src/__fixtures__/a.json': `{"key":"sk-${'aB3'.repeat(12)}"}` },
  good: { 'packages/upstreams/src/__fixtures__/a.json': '{"key":"sk-test"}' },
}

export const testRules: Rule[] = [noSkips, noSleep, noSecrets]

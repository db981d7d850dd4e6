import type { Rule } from './repository.ts'

const LINES_MAX = 300
const REASON_CHARACTERS_MIN = 10

const isCode = (path: string) => /\.(ts|mjs|cjs|svelte)$/.test(path)

const shortFiles: Rule = {
  name: `no file exceeds ${LINES_MAX} lines without a reason`,
  remedy: 'split it by concept, or begin it with `// long: <reason>`.',
  violations: ({ files }) =>
    files
      .filter(({ path, text }) => isCode(path) && !/^\/\/ long: \S/m.test(text))
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > LINES_MAX)
      .map(({ path, lines }) => `${path} has ${lines} lines`),
  broken: { 'packages/db/src/a.ts': 'line\n'.repeat(LINES_MAX + 1) },
  good: {
    'packages/db/src/a.ts': `// long: one table, read top to bottom\n${'line\n'.repeat(LINES_MAX)}`,
    'packages/db/src/b.ts': 'line\n'.repeat(LINES_MAX),
  },
}

const directive = /(oxlint-disable|eslint-disable|@ts-ignore|@ts-expect-error|@ts-nocheck)(.*)$/gm

const reasonedDisables: Rule = {
  name: 'every disabled check has a reason',
  remedy:
    "write the reason after the rule's name and `--`, or after TypeScript's directive; or mend the code.",
  violations: ({ files }) =>
    files
      .filter(
        ({ path }) => isCode(path) && !path.startsWith('packages/testkit/test/repository-rules/'),
      )
      .flatMap(({ path, text }) =>
        [...text.matchAll(directive)]
          .filter(([, word = '', rest = '']) => isBare(word, rest))
          .map(([line]) => `${path}: ${line}`),
      ),
  broken: { 'packages/db/src/a.ts': '// oxlint-disable-next-line no-empty\n' },
  good: {
    'packages/db/src/a.ts':
      '// oxlint-disable-next-line no-empty -- the peer may have disconnected\n',
    'packages/db/src/b.ts': '// @ts-expect-error the types lack this overload\n',
  },
}

// For linters the reason follows the rule names and two dashes; TypeScript's directives name no rules.
function isBare(word: string, rest: string): boolean {
  const reason = word.startsWith('@ts') ? rest : (rest.split('--')[1] ?? '')
  return reason.replace('*/', '').trim().length < REASON_CHARACTERS_MIN
}

const vague = /(^|[/.-])(manager|helpers?|utils?|common|misc|provider|data|info)([/.-]|$)/

const plainNames: Rule = {
  name: 'files and folders have specific names in kebab case',
  remedy: 'name the file after its one export, in kebab case.',
  violations: ({ files }) =>
    files
      .map(({ path }) => path)
      .filter(isCode)
      .flatMap((path) => {
        const [word] = vague.exec(path) ?? (isKebab(path) ? [] : [path.split('/').at(-1)])
        return word === undefined ? [] : [`${path}: ${word}`]
      }),
  broken: { 'packages/db/src/pool-utils.ts': '', 'packages/db/src/openPool.ts': '' },
  good: { 'packages/db/src/open-pool.ts': '', 'apps/dashboard/src/lib/ui/Button.svelte': '' },
}

function isKebab(path: string): boolean {
  const name = path.split('/').at(-1) ?? ''
  return path.endsWith('.svelte') || /^[.+]?[a-z0-9_]+([-.][a-z0-9]+)*$/.test(name)
}

export const fileRules: Rule[] = [shortFiles, reasonedDisables, plainNames]

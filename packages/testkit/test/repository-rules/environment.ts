import type { Rule } from './repository.ts'

const PAGE = '.env.example'
const reader = /^(services|apps)\/[^/]+\/src\/(config|environment)\.ts$/

const documented: Rule = {
  name: `every variable that a process reads is in ${PAGE}`,
  remedy: 'describe it in .env.example, with its default.',
  violations: ({ files }) => {
    const page = files.find(({ path }) => path === PAGE)?.text ?? ''
    return files
      .filter(({ path }) => reader.test(path))
      .flatMap(({ path, text }) =>
        [...text.matchAll(/^ {2}([A-Z][A-Z0-9_]{2,}):/gm)]
          .filter(([, name]) => !new RegExp(`^${name}=`, 'm').test(page))
          .map(([, name]) => `${path} reads ${name}`),
      )
  },
  broken: { 'services/billing/src/config.ts': '  DATABASE_URL: z.string(),' },
  good: {
    'services/billing/src/config.ts': '  DATABASE_URL: z.string(),',
    [PAGE]: '# PostgreSQL\nDATABASE_URL=',
  },
}

export const environmentRules: Rule[] = [documented]

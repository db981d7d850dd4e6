import { errorCodes } from '@sluice/kernel/error-codes'

import type { Rule } from './repository.ts'

const PAGE = 'docs/error-codes.md'

const rowOf = ([code, { status, retryable, meaning }]: [
  string,
  (typeof errorCodes)[keyof typeof errorCodes],
]) => `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${meaning} |`

const documented: Rule = {
  name: `every error code is in ${PAGE}, with its status and meaning`,
  remedy: 'run `pnpm docs:error-codes`.',
  violations: ({ files }) => {
    const page = files.find(({ path }) => path === PAGE)?.text ?? ''
    return Object.entries(errorCodes)
      .map(rowOf)
      .filter((row) => !page.includes(row))
      .map((row) => `${PAGE}: the row ${row} is missing`)
  },
  broken: { [PAGE]: Object.entries(errorCodes).slice(1).map(rowOf).join('\n') },
  good: { [PAGE]: Object.entries(errorCodes).map(rowOf).join('\n') },
}

export const errorCodeRules: Rule[] = [documented]

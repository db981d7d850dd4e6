// Writes docs/error-codes.md from the table of error codes.
import { writeFileSync } from 'node:fs'

import { errorCodes } from '../packages/kernel/src/error-codes.ts'

const rows = Object.entries(errorCodes)
  .sort(([, a], [, b]) => a.status - b.status)
  .map(
    ([code, { status, retryable, meaning }]) =>
      `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${meaning} |`,
  )

const page = `# Error codes

Written by \`pnpm docs:error-codes\` from \`packages/kernel/src/error-codes.ts\`; do not edit by hand.

Every error answer is \`{"error": {"message", "type", "param", "code"}}\`. "Retryable": the same request may succeed later. If it is not
although SDKs would retry the status, the answer has the header \`x-should-retry: false\`.

| Code | Status | Retryable | Meaning |
| --- | --: | --- | --- |
${rows.join('\n')}
`
writeFileSync(new URL('../docs/error-codes.md', import.meta.url), page)

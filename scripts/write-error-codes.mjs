// Writes docs/error-codes.md from the one table of codes, so that the page cannot drift from the code.
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

Every error answer is \`{"error": {"message", "type", "param", "code"}}\`. "Again" says whether the same request may succeed later;
where it may not although SDKs would repeat the status, the answer carries \`x-should-retry: false\`.

| Code | Status | Again | Meaning |
| --- | --: | --- | --- |
${rows.join('\n')}
`
writeFileSync(new URL('../docs/error-codes.md', import.meta.url), page)

import { expect, test } from 'vitest'

import { failureFacts } from './failure-facts.ts'

const messages = {
  failureParam: (name: string) => `Parameter: ${name}.`,
  failureCode: (code: string) => `Code: ${code}.`,
}

test.each([
  [{ param: 'size', upstream_code: 'invalid_size' }, 'Parameter: size. Code: invalid_size.'],
  [{ param: 'size' }, 'Parameter: size.'],
  [{ upstream_code: 'invalid_size' }, 'Code: invalid_size.'],
  [{}, undefined],
])('the details of %o', (failure, line) => {
  expect(failureFacts(messages, failure)).toBe(line)
})

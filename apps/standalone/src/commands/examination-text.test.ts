import { failureOf } from '@sluice/upstreams/failure-treatments'
import { expect, test } from 'vitest'

import { examinationText } from './examination-text.ts'

const yes = { can: 'yes' as const, failure: undefined }

test('what a restricted key can and cannot do is one line', () => {
  const denied = (scope: string) =>
    failureOf('permission-missing', { status: 401, missingScopes: [scope] })
  const { answers, cliArgs } = examinationText({
    listed: undefined,
    listFailure: denied('api.model.read'),
    permissions: { chat: yes, image: { can: 'no', failure: denied('api.model.images.request') } },
  })
  expect(answers).toBe(true)
  expect(cliArgs).toBe(
    'cannot list models (missing scope api.model.read); can chat; cannot generate images (missing scope api.model.images.request)',
  )
})

test('an upstream that nobody reaches is known to do nothing', () => {
  const examined = examinationText({
    listed: undefined,
    listFailure: failureOf('connect-failed'),
    permissions: { chat: undefined, image: undefined },
  })
  expect(examined).toEqual({
    answers: false,
    cliArgs: 'not known: list models (connect-failed); not known: chat; not known: generate images',
  })
})

import { failureOf } from '@sluice/upstreams/failure-treatments'
import { expect, test } from 'vitest'

import { examinationText } from './examination-text.ts'

const yes = { can: 'yes' as const, failure: undefined }

test('the permissions of a restricted key are one line of text', () => {
  const denied = (scope: string) =>
    failureOf('permission-missing', { status: 401, missingScopes: [scope] })
  const { accepted, text } = examinationText({
    listed: undefined,
    listFailure: denied('api.model.read'),
    permissions: { chat: yes, image: { can: 'no', failure: denied('api.model.images.request') } },
  })
  expect(accepted).toBe(true)
  expect(text).toBe(
    'cannot list models (missing scope api.model.read); can chat; cannot generate images (missing scope api.model.images.request)',
  )
})

test('an unreachable upstream yields unknown permissions', () => {
  const examined = examinationText({
    listed: undefined,
    listFailure: failureOf('connect-failed'),
    permissions: { chat: undefined, image: undefined },
  })
  expect(examined).toEqual({
    accepted: false,
    text: 'unknown: list models (connect-failed); unknown: chat; unknown: generate images',
  })
})

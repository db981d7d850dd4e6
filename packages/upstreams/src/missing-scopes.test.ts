import { expect, test } from 'vitest'

import { missingScopesIn } from './missing-scopes.ts'

test.each([
  [
    'You have insufficient permissions for this operation. Missing scopes: model.request. Check that you have the correct role.',
    ['model.request'],
  ],
  ['Missing scopes: api.model.images.request', ['api.model.images.request']],
  [
    'missing_scope: "model.read", `api.model.audio.request`.',
    ['model.read', 'api.model.audio.request'],
  ],
  ['Missing scopes: sk-proj-4fGh29KqPz71Lm', []],
  ['Missing scopes: org-9Xk2LmPq7RtYv model.request', []],
  ['Missing scopes: check your role', []],
  ['You have insufficient permissions.', []],
  ['', []],
])('the scopes of "%s"', (message, scopes) => {
  expect(missingScopesIn(message)).toEqual(scopes)
})

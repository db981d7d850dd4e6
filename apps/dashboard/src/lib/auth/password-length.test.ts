import { PASSWORD_CHARACTERS_MIN as ofContract } from '@sluice/contracts/control/auth'
import { expect, it } from 'vitest'

import { PASSWORD_CHARACTERS_MIN } from './password-length.ts'

it('the form requires the same password length as the gateway', () => {
  expect(PASSWORD_CHARACTERS_MIN).toBe(ofContract)
})

import { expect, test } from 'vitest'
import { z } from 'zod'

import { booleanSetting, ConfigError, integerSetting, readConfig } from './read-config.ts'

const schema = z.object({
  PORT: integerSetting({ min: 0, max: 65_535 }).default(8080),
  DATABASE_URL: z.string(),
  VERBOSE: booleanSetting.default(false),
  NAMES: z
    .string()
    .transform((text) => text.split(','))
    .optional(),
})

const messageOf = (env: Record<string, string>) => {
  try {
    readConfig(schema, env)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
  }
  throw new Error('the environment was accepted')
}

test('settings are parsed, defaulted and deeply frozen', () => {
  const config = readConfig(schema, { DATABASE_URL: 'postgres://x', NAMES: 'a,b', VERBOSE: '1' })
  expect(config).toEqual({
    PORT: 8080,
    DATABASE_URL: 'postgres://x',
    VERBOSE: true,
    NAMES: ['a', 'b'],
  })
  expect(Object.isFrozen(config)).toBe(true)
  expect(Object.isFrozen(config.NAMES)).toBe(true)
})

test('an empty variable counts as unset', () => {
  expect(readConfig(schema, { DATABASE_URL: 'x', PORT: '' }).PORT).toBe(8080)
  expect(messageOf({ DATABASE_URL: '' })).toBe('DATABASE_URL must be set.')
})

test('every invalid variable is named in its own sentence', () => {
  expect(messageOf({ PORT: '70000', VERBOSE: 'maybe' }).split('\n').sort()).toEqual([
    'DATABASE_URL must be set.',
    'PORT must be at most 65535.',
    'VERBOSE must be true or false.',
  ])
})

test('numbers in other notations are refused', () => {
  for (const text of ['1e3', '0x10', ' 8', '8.5', 'NaN']) {
    expect(messageOf({ DATABASE_URL: 'x', PORT: text })).toBe(
      'PORT must be a whole number from 0 to 65535.',
    )
  }
})

test('the value of a refused variable is not repeated', () => {
  const strict = z.object({ SIGNING_KEY: z.string().regex(/^[0-9a-f]{64}$/) })
  const read = () => readConfig(strict, { SIGNING_KEY: 'hunter2-hunter2' })
  expect(read).toThrow(/^SIGNING_KEY cannot be used: /)
  expect(read).not.toThrow(/hunter2/)
})

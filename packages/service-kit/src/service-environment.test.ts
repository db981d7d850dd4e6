import { expect, test } from 'vitest'
import { z } from 'zod'

import { readConfig } from './read-config.ts'
import { databaseEnvironment, serviceEnvironment } from './service-environment.ts'

const schema = z.object({
  ...serviceEnvironment({ port: 8083, drainMs: 15_000 }),
  ...databaseEnvironment({ poolMax: 10 }),
})
const DATABASE_URL = 'postgres://localhost/a'

test('a process that sets nothing but its database starts with the defaults of its service', () => {
  expect(readConfig(schema, { DATABASE_URL })).toEqual({
    PORT: 8083,
    HOST: '0.0.0.0',
    NODE_ENV: 'development',
    LOG_LEVEL: 'info',
    DRAIN_MS: 15_000,
    SHUTDOWN_DELAY_MS: 0,
    DATABASE_URL,
    DATABASE_POOL_MAX: 10,
  })
})

test('CRASH_AT is read as a point', () => {
  const env = readConfig(schema, { DATABASE_URL, CRASH_AT: 'job-stored:3' })
  expect(env.CRASH_AT).toEqual({ name: 'job-stored', count: 3 })
})

test('a crash point that cannot be parsed is refused, not ignored', () => {
  const read = () => readConfig(schema, { DATABASE_URL, CRASH_AT: 'job-stored' })
  expect(read).toThrow('CRASH_AT must be name:n')
})

import { AppError } from '@sluice/kernel/app-error'
import { assert } from '@sluice/kernel/assert'
import { describe, expect, it } from 'vitest'

import { mapDatabaseUnavailable } from './database-unavailable.ts'

const coded = (code: string) => Object.assign(new Error('from the server'), { code })
const failWith = (error: unknown) =>
  mapDatabaseUnavailable(async () => {
    throw error
  })

describe('a query', () => {
  it.each([
    coded('08006'),
    coded('53300'),
    coded('57P01'),
    coded('57014'),
    coded('ECONNREFUSED'),
    new Error('Connection terminated unexpectedly'),
    new Error('timeout exceeded when trying to connect'),
    new Error('Client has encountered a connection error and is not queryable'),
  ])(
    'rejects with unavailable and the cause when the database cannot be reached: $message',
    async (error) => {
      await expect(failWith(error)).rejects.toMatchObject({ code: 'unavailable', cause: error })
    },
  )

  it.each([
    coded('23505'),
    coded('40001'),
    new AppError('invalid_value', 'no'),
    new Error('a bug'),
    new TypeError('another'),
  ])('rejects with any other error unchanged: $message', async (error) => {
    await expect(failWith(error)).rejects.toBe(error)
  })

  it('does not map a failed assertion', async () => {
    const broken = mapDatabaseUnavailable(async () => assert(false, 'broken'))
    await expect(broken).rejects.toThrow('broken')
  })
})

import { expect, test } from 'vitest'

import { createStreamLimit } from './stream-limit.ts'

const refusal = (code: string) => expect.objectContaining({ code })

test('limits the streams of each user, and releases a closed stream once', () => {
  const streams = createStreamLimit({ eachMax: 2, allMax: 10 })
  const leave = streams.enter('ada')
  streams.enter('ada')
  expect(() => streams.enter('ada')).toThrow(refusal('rate_limit_exceeded'))
  streams.enter('bob')
  leave()
  leave()
  streams.enter('ada')
  expect(() => streams.enter('ada')).toThrow(refusal('rate_limit_exceeded'))
})

test('limits the streams of all users together', () => {
  const streams = createStreamLimit({ eachMax: 2, allMax: 3 })
  const [leave] = ['ada', 'ada', 'bob'].map((name) => streams.enter(name))
  expect(() => streams.enter('cay')).toThrow(refusal('overloaded'))
  leave?.()
  streams.enter('cay')
})

import { expect, test } from 'vitest'

import { createStreamLimit } from './stream-limit.ts'

const refusal = (code: string) => expect.objectContaining({ code })

test('nobody has more streams than their own part, and a closed one makes room once', () => {
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

test('all together have no more than this edge bears', () => {
  const streams = createStreamLimit({ eachMax: 2, allMax: 3 })
  const [leave] = ['ada', 'ada', 'bob'].map((name) => streams.enter(name))
  expect(() => streams.enter('cay')).toThrow(refusal('overloaded'))
  leave?.()
  streams.enter('cay')
})

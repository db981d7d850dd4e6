import { expect } from 'vitest'

import type { AttackTarget } from '../harness/attacks.ts'
import { attackNames, attacks, holdBodies } from '../harness/attacks.ts'
import type { Context } from '../harness/context.ts'
import { call } from '../harness/context.ts'
import { newCaller } from '../harness/new-caller.ts'

const MIB = 1024 * 1024
const small = { atOnce: 20, bodyBytes: 2 * MIB }

async function targetOf(context: Context): Promise<AttackTarget> {
  const { apiKey: payingKey } = await newCaller(context, { credits: '10' })
  const { apiKey: keyWithoutCredits } = await newCaller(context, { credits: '0' })
  return { baseUrl: context.running.baseUrl, payingKey, keyWithoutCredits }
}

async function chatWorks(context: Context): Promise<void> {
  const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }] }
  const answer = await call(context, '/v1/chat/completions', { body })
  await answer.text()
  expect(answer.status).toBe(200)
}

/** During each attack chat is answered, and the attack is refused with its specific status. */
export async function attacksRefused(context: Context): Promise<void> {
  const target = await targetOf(context)
  const refusals: Record<(typeof attackNames)[number], number[]> = {
    'large sign-in bodies': [413, 429],
    'wrong passwords': [401, 429],
    'millions of empty objects to the image route': [400],
    'millions of empty objects to chat': [400],
    'large bodies without credits': [402],
    'wrong API keys': [401, 429],
    'silent connections': [0],
  }
  for (const name of attackNames) {
    const [counts] = await Promise.all([attacks[name](target, small), chatWorks(context)])
    const statuses = Object.keys(counts).map(Number)
    // The connection of a body that is not read to its end may break before the refusal is read.
    for (const status of statuses) expect([0, ...refusals[name]], name).toContain(status)
  }
}

/** Incomplete bodies use their own key's share of memory only, and release it when the connection closes. */
export async function bodiesHeld(context: Context): Promise<void> {
  const target = await targetOf(context)
  const release = await holdBodies(target, small)
  await chatWorks(context)
  release()
  await chatWorks(context)
}

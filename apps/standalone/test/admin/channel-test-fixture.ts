import { expect, onTestFinished } from 'vitest'

import { channelActions } from './channels-suite.ts'
import { openInstallation } from './installation.ts'
import { memoryStores } from './memory-stores.ts'

const CHANNELS = '/api/admin/channels'

/** An installation whose channels use the simulator as their upstream, with helpers to test a channel. */
export async function openChannelTest() {
  const opened = await openInstallation(await memoryStores())
  onTestFinished(opened.close)
  const methods = channelActions(opened)
  const base_url = `${opened.simulator.url}/v1`
  const create = (facts: object = {}) => methods.create({ base_url, ...facts })
  const { admin } = opened
  const test = (id: string, signal?: AbortSignal) =>
    admin('POST', `${CHANNELS}/${id}/test`, signal ? { signal } : {})
  const statesOf = async (id: string) =>
    (await methods.credentialsOf(id)).map(({ state, reason }) => ({ state, reason }))
  const calls = () => opened.simulator.log().filter(({ route }) => route === 'models')
  return { ...opened, ...methods, create, test, statesOf, calls }
}

/** Runs the event loop until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100_000 && !condition(); turn += 1)
    await new Promise((resolve) => setImmediate(resolve))
  expect(condition()).toBe(true)
}

/** One operation of a credential in the result of a channel test. */
export function can(
  operation: string,
  answer: 'yes' | 'no' | 'unknown',
  missing_scopes: string[] = [],
) {
  return { operation, can: answer, missing_scopes }
}

import { expect, onTestFinished } from 'vitest'

import { acting } from './channels-suite.ts'
import { openInstallation } from './installation.ts'
import { memoryStores } from './memory-stores.ts'

const CHANNELS = '/api/admin/channels'

/** An installation whose channels lead to the simulator, and what a test of a channel does there. */
export async function openChannelTest() {
  const here = await openInstallation(await memoryStores())
  onTestFinished(here.close)
  const methods = acting(here)
  const base_url = `${here.simulator.url}/v1`
  const create = (facts: object = {}) => methods.create({ base_url, ...facts })
  const { admin } = here
  const test = (id: string, signal?: AbortSignal) =>
    admin('POST', `${CHANNELS}/${id}/test`, signal ? { signal } : {})
  const statesOf = async (id: string) =>
    (await methods.credentialsOf(id)).map(({ state, reason }) => ({ state, reason }))
  const calls = () => here.simulator.log().filter(({ route }) => route === 'models')
  return { ...here, ...methods, create, test, statesOf, calls }
}

/** Lets sockets and promises get on until it holds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100_000 && !condition(); turn += 1)
    await new Promise((resolve) => setImmediate(resolve))
  expect(condition()).toBe(true)
}

/** One operation of a credential as a test of its channel shows it. */
export function can(
  operation: string,
  answer: 'yes' | 'no' | 'unknown',
  missing_scopes: string[] = [],
) {
  return { operation, can: answer, missing_scopes }
}

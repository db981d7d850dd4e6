import type { ImageTask } from '@sluice/contracts/control/images'
import { expect } from 'vitest'

import { send } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import type { TestUser } from './pictures-fixture.ts'
import {
  gatewaysOf,
  generate,
  listed,
  newTestUser,
  settled,
  small,
  tiny,
} from './pictures-fixture.ts'

const TASKS_BEFORE = 8
const TASKS_PER_PAGE_READ = 2
const DAY_MS = 86_400_000

/** A gallery that is paginated while tasks are added shows each task once, and only to its owner. */
export async function paginationScenario(context: Context): Promise<void> {
  const [gatewayA, gatewayB] = gatewaysOf(context)
  const testUser = await newTestUser(context, { name: 'gallery' })
  const otherUser = await newTestUser(context, { name: 'other-user' })
  const prompts = Array.from({ length: TASKS_BEFORE }, (_none, n) => `Tide no. ${n} at 100%_low`)
  const before = await generateAll(context, testUser, prompts)
  const other = await generate(gatewayA, testUser, { ...small, prompt: 'no water' })

  let arrived: string[] = []
  const seen = await readAllPages(context, testUser, {
    query: { q: 'TIDE NO', limit: '3' },
    meanwhile: async (page) => {
      const names = Array.from(
        { length: TASKS_PER_PAGE_READ },
        (_none, n) => `a tide now ${page} ${n}`,
      )
      arrived = [...arrived, ...(await generateAll(context, testUser, names))]
    },
  })
  expect(arrived.length).toBeGreaterThanOrEqual(TASKS_PER_PAGE_READ)
  expect(ids(seen)).toEqual(unique(ids(seen)))
  expect(ids(seen)).toEqual(expect.arrayContaining(before))
  // Tasks that were added before the first page was read are on it.
  expect([...before, ...arrived]).toEqual(expect.arrayContaining(ids(seen)))

  const all = [...before, ...arrived, other.id]
  for (const id of all) await settled(gatewayB, testUser, id)
  for (const limit of ['1', '4', '100']) {
    const whole = await readAllPages(context, testUser, { query: { limit } })
    expect(ids(whole)).toEqual(unique(ids(whole)))
    expect(ids(whole).toSorted()).toEqual(all.toSorted())
    const times = whole.map(({ created_at }) => created_at)
    expect(times).toEqual(times.toSorted().toReversed())
  }
  await expectFiltered(context, testUser, { other: other.id, tides: before, all: all.length })

  const { next_cursor: cursor } = await listed(gatewayA, testUser, { limit: '2' })
  for (const query of [{}, { q: 'tide' }, { cursor: cursor ?? '' }])
    expect(await listed(gatewayB, otherUser, query)).toEqual({ items: [], next_cursor: null })
}

async function expectFiltered(
  context: Context,
  testUser: TestUser,
  { other, tides, all }: { other: string; tides: string[]; all: number },
): Promise<void> {
  const [gatewayA, gatewayB] = gatewaysOf(context)
  const day = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10)
  const found = async (query: Record<string, string>) =>
    ids((await listed(gatewayB, testUser, { limit: '100', ...query })).items)
  expect(await found({ model: small.model })).toEqual([other])
  expect(await found({ q: 'no WATER', state: 'done' })).toEqual([other])
  // Search text is literal: neither % nor _ is a wildcard.
  expect((await found({ q: '100%_LOW' })).toSorted()).toEqual(tides.toSorted())
  expect(await found({ q: '1%low' })).toEqual([])
  expect(await found({ state: 'failed' })).toEqual([])
  expect(await found({ from: day(-1), to: day(1), state: 'done' })).toHaveLength(all)
  expect(await found({ from: day(2) })).toEqual([])
  expect(await found({ to: day(-2) })).toEqual([])
  for (const query of [{ cursor: 'from another list' }, { state: 'lost' }, { from: 'yesterday' }]) {
    const refused = await send(gatewayA, 'listImages', { as: testUser.session, input: { query } })
    expect(refused.status, JSON.stringify(query)).toBe(400)
    expect(JSON.parse(refused.text)).toMatchObject({ error: { param: Object.keys(query)[0] } })
  }
}

/** Reads all pages, alternating between the gateways. */
async function readAllPages(
  context: Context,
  testUser: TestUser,
  {
    query,
    meanwhile = async () => undefined,
  }: { query: Record<string, string>; meanwhile?: (page: number) => Promise<void> },
): Promise<ImageTask[]> {
  const gateways = gatewaysOf(context)
  const tasks: ImageTask[] = []
  let cursor: string | null = ''
  for (let page = 0; cursor !== null; page += 1) {
    const gateway = gateways[page % 2] ?? context
    const [answer]: [Page, void] = await Promise.all([
      listed(gateway, testUser, { ...query, ...(cursor === '' ? {} : { cursor }) }),
      meanwhile(page),
    ])
    tasks.push(...answer.items)
    cursor = answer.next_cursor
  }
  return tasks
}

type Page = Awaited<ReturnType<typeof listed>>

/** Creates the tasks concurrently at both gateways. */
async function generateAll(
  context: Context,
  testUser: TestUser,
  prompts: string[],
): Promise<string[]> {
  const gateways = gatewaysOf(context)
  const tasks = await Promise.all(
    prompts.map((prompt, n) => generate(gateways[n % 2] ?? context, testUser, { ...tiny, prompt })),
  )
  return ids(tasks)
}

const ids = (tasks: readonly { id: string }[]) => tasks.map(({ id }) => id)
const unique = (texts: readonly string[]) => [...new Set(texts)]

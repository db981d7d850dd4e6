import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import type { Child } from '../../test/child.ts'
import { startChild } from '../../test/child.ts'
import { lockFolder } from './lock-folder.ts'

const CHILDREN = 8

let folder: string
let children: Child[] = []
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'sluice-lock-'))))
afterEach(async () => {
  await Promise.all(children.map((child) => child.kill()))
  children = []
  await rm(folder, { recursive: true })
})

const startWaiting = async (count: number) => {
  const started = Array.from({ length: count }, () => startChild('hold-lock.ts', folder))
  children.push(...started)
  for (const child of started) expect(await child.line()).toBe('waiting')
  return started
}
const ask = async (asked: Child[]) => {
  for (const child of asked) child.begin()
  return Promise.all(asked.map(async (child) => (await child.line()) ?? 'died'))
}

it('refuses a folder that a living process holds, and names it', async () => {
  const lock = await lockFolder({ folder })
  await expect(lockFolder({ folder })).rejects.toThrow(
    `Process ${process.pid} runs on this data folder already`,
  )
  await lock.release()
  await (await lockFolder({ folder })).release()
  expect(await readdir(folder)).toEqual([])
})

it('gives a free folder to exactly one of many who ask at once', async () => {
  const said = await ask(await startWaiting(CHILDREN))
  expect(said.filter((line) => line === 'held')).toHaveLength(1)
  expect(said.filter((line) => line.includes('runs on this data folder'))).toHaveLength(7)
})

it('gives the lock of a dead process to exactly one of many who ask at once', async () => {
  const [first] = await startWaiting(1)
  expect(await ask(first ? [first] : [])).toEqual(['held'])
  await first?.kill()
  children = []
  const said = await ask(await startWaiting(CHILDREN))
  expect(said.filter((line) => line === 'held')).toHaveLength(1)
  expect(await readdir(folder)).toEqual(['sluice.lock'])
})

it('is not fooled by a dead holder whose number another process has now', async () => {
  const dead = { pid: process.pid, identity: `${process.pid}@1 of another boot`, token: 'aa' }
  await writeFile(join(folder, 'sluice.lock'), JSON.stringify(dead))
  const lock = await lockFolder({ folder })
  await lock.release()
  expect(await readdir(folder)).toEqual([])
})

it('goes on from a taker that died between its claim and its takeover', async () => {
  const dead = (token: string) => JSON.stringify({ pid: 1, identity: 'gone', token })
  await writeFile(join(folder, 'sluice.lock'), dead('aa'))
  await writeFile(join(folder, 'sluice.lock.after.aa'), dead('bb'))
  await writeFile(join(folder, 'sluice.lock.after.bb'), dead('cc'))
  const lock = await lockFolder({ folder })
  expect(await readdir(folder)).toEqual(['sluice.lock'])
  await lock.release()
})

it.each([
  ['an empty lock', ''],
  ['a lock of zeros', '\0'.repeat(120)],
  ['the beginning of a lock', '{"pid":12,"identity":"12@3'],
])('takes over %s, as a power cut leaves it, exactly once', async (_what, text) => {
  await writeFile(join(folder, 'sluice.lock'), text)
  const said = await ask(await startWaiting(CHILDREN))
  expect(said.filter((line) => line === 'held')).toHaveLength(1)
  expect(said.filter((line) => line.includes('runs on this data folder'))).toHaveLength(7)
  expect(await readdir(folder)).toEqual(['sluice.lock'])
})

it('leaves a lock alone that another program wrote, and names the file', async () => {
  await writeFile(join(folder, 'sluice.lock'), 'held by a backup')
  const path = join(folder, 'sluice.lock')
  await expect(lockFolder({ folder })).rejects.toThrow(`${path} is not a lock of ours; remove it`)
  expect(await readdir(folder)).toEqual(['sluice.lock'])
})

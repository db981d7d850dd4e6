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
const lockAll = async (contenders: Child[]) => {
  for (const child of contenders) child.begin()
  return Promise.all(contenders.map(async (child) => (await child.line()) ?? 'exited'))
}

it('rejects a folder locked by a running process, and names the process', async () => {
  const lock = await lockFolder({ folder })
  await expect(lockFolder({ folder })).rejects.toThrow(
    `Process ${process.pid} already uses this data folder`,
  )
  await lock.release()
  await (await lockFolder({ folder })).release()
  expect(await readdir(folder)).toEqual([])
})

it('exactly one of many concurrent processes gets the lock of a free folder', async () => {
  const results = await lockAll(await startWaiting(CHILDREN))
  expect(results.filter((line) => line === 'held')).toHaveLength(1)
  expect(results.filter((line) => line.includes('already uses this data folder'))).toHaveLength(7)
})

it('exactly one of many concurrent processes takes over the lock of a dead process', async () => {
  const [first] = await startWaiting(1)
  expect(await lockAll(first ? [first] : [])).toEqual(['held'])
  await first?.kill()
  children = []
  const results = await lockAll(await startWaiting(CHILDREN))
  expect(results.filter((line) => line === 'held')).toHaveLength(1)
  expect(await readdir(folder)).toEqual(['sluice.lock'])
})

it('takes over the lock of a dead process whose pid was reused', async () => {
  const dead = { pid: process.pid, identity: `${process.pid}@1 of another boot`, token: 'aa' }
  await writeFile(join(folder, 'sluice.lock'), JSON.stringify(dead))
  const lock = await lockFolder({ folder })
  await lock.release()
  expect(await readdir(folder)).toEqual([])
})

it('continues after a process that died between its claim and its takeover', async () => {
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
])('takes over %s, as left by a power failure, exactly once', async (_what, text) => {
  await writeFile(join(folder, 'sluice.lock'), text)
  const results = await lockAll(await startWaiting(CHILDREN))
  expect(results.filter((line) => line === 'held')).toHaveLength(1)
  expect(results.filter((line) => line.includes('already uses this data folder'))).toHaveLength(7)
  expect(await readdir(folder)).toEqual(['sluice.lock'])
})

it('does not touch a lock that another program wrote, and names the file', async () => {
  await writeFile(join(folder, 'sluice.lock'), 'held by a backup')
  const path = join(folder, 'sluice.lock')
  await expect(lockFolder({ folder })).rejects.toThrow(
    `${path} is not a lock of this server; remove it`,
  )
  expect(await readdir(folder)).toEqual(['sluice.lock'])
})

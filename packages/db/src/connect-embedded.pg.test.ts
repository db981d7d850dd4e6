import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { startChild } from '../test/child.ts'
import type { EmbeddedPostgres } from './connect-embedded.ts'
import { startEmbeddedPostgres } from './connect-embedded.ts'
import { connectPostgres } from './connect-postgres.ts'

const ROWS_BEFORE_KILL = 50

let dataDir: string
let running: EmbeddedPostgres | undefined
beforeEach(async () => void (dataDir = await mkdtemp(join(tmpdir(), 'sluice-embedded-'))))
afterEach(async () => {
  await running?.stop()
  running = undefined
  await rm(dataDir, { recursive: true })
})

const start = async () => {
  const logged: string[] = []
  running = await startEmbeddedPostgres({ dataDir, log: (sentence) => void logged.push(sentence) })
  return { ...running, log: logged.join() }
}
const query = async (url: string, sql: string) => {
  const { pool, close } = connectPostgres({ url, onError: () => {} })
  return (await pool.query(sql).finally(close)).rows
}
const serverPid = async () => {
  const lines = await readFile(join(dataDir, 'postgres/data/postmaster.pid'), 'utf8')
  return Number(lines.split('\n')[0])
}
/** Starts a child that inserts rows, kills it, and returns the number of its last acknowledged row. */
const writeAndKill = async () => {
  const child = startChild('write-embedded.ts', dataDir)
  let last = 0
  while (last < ROWS_BEFORE_KILL) last = Number(await child.line())
  const rest = await child.kill()
  return Number(rest.at(-1) ?? last)
}

it('keeps its rows over a stop and a start', async () => {
  const first = await start()
  await query(first.url, 'create table stored as select 7 as seven')
  await first.stop()
  const second = await start()
  expect(await query(second.url, 'select seven from stored')).toEqual([{ seven: 7 }])
})

it('reuses the server of a killed parent, with every acknowledged row', async () => {
  const last = await writeAndKill()
  const before = await serverPid()
  const { url, log } = await start()
  expect(log).toContain('still running')
  expect(await serverPid()).toBe(before)
  const [row] = await query(url, 'select count(*)::int as rows, max(n) as max from acknowledged')
  expect(row.max).toBeGreaterThanOrEqual(last)
  expect(row.rows).toBe(row.max)
})

it('recovers every acknowledged row when parent and server were killed', async () => {
  const last = await writeAndKill()
  process.kill(await serverPid(), 'SIGKILL')
  const { url } = await start()
  const [row] = await query(url, 'select count(*)::int as rows, max(n) as max from acknowledged')
  expect(row.max).toBeGreaterThanOrEqual(last)
  expect(row.rows).toBe(row.max)
})

it('restarts a killed server on the same port, repeatedly, with all rows', async () => {
  running = await startEmbeddedPostgres({ dataDir, log: () => {} })
  const { pool, close } = connectPostgres({ url: running.url, onError: () => {} })
  const insert = (n: number) => pool.query('insert into acknowledged_rows values ($1)', [n])
  await pool.query('create table acknowledged_rows (n int)')
  for (const n of [1, 2]) {
    await insert(n)
    const killed = await serverPid()
    process.kill(killed, 'SIGKILL')
    // Connections of the killed server may answer for a moment, so only a new server's answer counts.
    const pid = async () => (await serverPid().catch(() => killed)) || killed
    await expect.poll(pid, { timeout: 30_000 }).not.toBe(killed)
    const count = async () =>
      (await pool.query('select count(*)::int as n from acknowledged_rows')).rows
    await expect.poll(() => count().catch(() => []), { timeout: 30_000 }).toEqual([{ n }])
  }
  await expect.poll(() => running?.problem(), { timeout: 30_000 }).toBeUndefined()
  await close()
})

it('reports the problem while the server is down, and starts none after stop()', async () => {
  running = await startEmbeddedPostgres({ dataDir, log: () => {} })
  // It cannot restart while its data folder is missing.
  const data = join(dataDir, 'postgres/data')
  process.kill(await serverPid(), 'SIGKILL')
  await rename(data, `${data}.renamed`)
  await expect.poll(() => running?.problem(), { timeout: 30_000 }).toContain('PostgreSQL')
  await rename(`${data}.renamed`, data)
  await expect.poll(() => running?.problem(), { timeout: 60_000 }).toBeUndefined()
  await running.stop()
  const [pid] = (await readdir(data)).filter((name) => name === 'postmaster.pid')
  expect(pid).toBeUndefined()
})

it('of two concurrent starts on the same folder, one succeeds and the other rejects', async () => {
  const both = await Promise.allSettled([start(), start()])
  const refused = both.filter((outcome) => outcome.status === 'rejected')
  expect(refused).toHaveLength(1)
  expect(String(refused[0]?.reason)).toContain('already uses this data folder')
})

it('starts although another process now has the pid of its dead server', async () => {
  await (await start()).stop()
  const stale = [process.pid, join(dataDir, 'postgres/data'), 1, 5432, '', '127.0.0.1', '', 'ready']
  await writeFile(join(dataDir, 'postgres/data/postmaster.pid'), `${stale.join('\n')}\n`)
  const { url } = await start()
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
})

it('rejects data of another major version with an explanation and changes nothing', async () => {
  await mkdir(join(dataDir, 'postgres/data'), { recursive: true })
  await writeFile(join(dataDir, 'postgres/data/PG_VERSION'), '15\n')
  await expect(start()).rejects.toThrow('was created by PostgreSQL 15')
  expect(await readdir(join(dataDir, 'postgres/data'))).toEqual(['PG_VERSION'])
  expect(await readdir(dataDir)).toEqual(['postgres'])
})

it('restarts an interrupted first creation, but never deletes unknown files', async () => {
  await mkdir(join(dataDir, 'postgres/data.new'), { recursive: true })
  await writeFile(join(dataDir, 'postgres/data.new/half'), '')
  await (await start()).stop()
  expect(await readdir(join(dataDir, 'postgres'))).not.toContain('data.new')
  await rm(join(dataDir, 'postgres/data/PG_VERSION'))
  await expect(start()).rejects.toThrow('nothing was changed')
})

it('requires the password, and connects as a role that is not a superuser', async () => {
  const { url } = await start()
  const guess = new URL(url)
  guess.password = 'guess'
  await expect(query(guess.href, 'select 1')).rejects.toThrow('password authentication failed')
  const role = 'select rolsuper from pg_roles where rolname = current_user'
  expect(await query(url, role)).toEqual([{ rolsuper: false }])
  expect((await stat(join(dataDir, 'postgres/password'))).mode & 0o777).toBe(0o600)
  expect((await stat(join(dataDir, 'postgres'))).mode & 0o777).toBe(0o700)
  expect(await query(url, 'show fsync')).toEqual([{ fsync: 'on' }])
})

it('runs from a folder that only its owner can enter', async () => {
  const home = dataDir
  dataDir = join(home, 'inner') // mkdtemp made the outer one 0700
  try {
    const { url } = await start()
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
  } finally {
    await running?.stop()
    running = undefined
    dataDir = home
  }
})

it.each([
  ['missing', async (path: string) => rm(path)],
  ['empty or truncated', async (path: string) => writeFile(path, '')],
])('names the password file when it is %s, and creates no other', async (state, damage) => {
  await (await start()).stop()
  running = undefined
  const path = join(dataDir, 'postgres/password')
  await damage(path)
  await expect(start()).rejects.toThrow(`${path} is ${state}`)
})

it('makes its folders private whatever the umask, including those of an older release', async () => {
  const before = process.umask(0)
  try {
    await chmod(dataDir, 0o777)
    await (await start()).stop()
    running = undefined
    for (const folder of ['.', 'postgres', 'postgres/data']) {
      expect((await stat(join(dataDir, folder))).mode & 0o777).toBe(0o700)
    }
    for (const file of ['password', 'postgres.log']) {
      expect((await stat(join(dataDir, 'postgres', file))).mode & 0o777).toBe(0o600)
    }
  } finally {
    process.umask(before)
  }
})

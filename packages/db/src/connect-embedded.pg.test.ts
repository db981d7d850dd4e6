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
  const said: string[] = []
  running = await startEmbeddedPostgres({ dataDir, log: (sentence) => void said.push(sentence) })
  return { ...running, said: said.join() }
}
const query = async (url: string, sql: string) => {
  const { pool, close } = connectPostgres({ url, onError: () => {} })
  return (await pool.query(sql).finally(close)).rows
}
const serverPid = async () => {
  const lines = await readFile(join(dataDir, 'postgres/data/postmaster.pid'), 'utf8')
  return Number(lines.split('\n')[0])
}
/** Lets a child write and kills it; answers the last row that was acknowledged to it. */
const writeAndKill = async () => {
  const child = startChild('write-embedded.ts', dataDir)
  let last = 0
  while (last < ROWS_BEFORE_KILL) last = Number(await child.line())
  const rest = await child.kill()
  return Number(rest.at(-1) ?? last)
}

it('keeps what was written when it is stopped and started again', async () => {
  const first = await start()
  await query(first.url, 'create table kept as select 7 as seven')
  await first.stop()
  const second = await start()
  expect(await query(second.url, 'select seven from kept')).toEqual([{ seven: 7 }])
})

it('goes on with the server of a killed parent, and has every row that was acknowledged', async () => {
  const last = await writeAndKill()
  const before = await serverPid()
  const { url, said } = await start()
  expect(said).toContain('still ran')
  expect(await serverPid()).toBe(before)
  const [row] = await query(url, 'select count(*)::int as rows, max(n) as max from told')
  expect(row.max).toBeGreaterThanOrEqual(last)
  expect(row.rows).toBe(row.max)
})

it('recovers every acknowledged row when parent and server were killed', async () => {
  const last = await writeAndKill()
  process.kill(await serverPid(), 'SIGKILL')
  const { url } = await start()
  const [row] = await query(url, 'select count(*)::int as rows, max(n) as max from told')
  expect(row.max).toBeGreaterThanOrEqual(last)
  expect(row.rows).toBe(row.max)
})

it('starts a server that was killed again at the same address, as often as it dies, with all rows', async () => {
  running = await startEmbeddedPostgres({ dataDir, log: () => {} })
  const { pool, close } = connectPostgres({ url: running.url, onError: () => {} })
  const insert = (n: number) => pool.query('insert into told_rows values ($1)', [n])
  await pool.query('create table told_rows (n int)')
  for (const n of [1, 2]) {
    await insert(n)
    const killed = await serverPid()
    process.kill(killed, 'SIGKILL')
    // Connections of the killed server may answer for a moment, so only a new server's answer counts.
    const pid = async () => (await serverPid().catch(() => killed)) || killed
    await expect.poll(pid, { timeout: 30_000 }).not.toBe(killed)
    const count = async () => (await pool.query('select count(*)::int as n from told_rows')).rows
    await expect.poll(() => count().catch(() => []), { timeout: 30_000 }).toEqual([{ n }])
  }
  await expect.poll(() => running?.trouble(), { timeout: 30_000 }).toBeUndefined()
  await close()
})

it('says what is wrong while the server is away, and starts none once it was stopped', async () => {
  running = await startEmbeddedPostgres({ dataDir, log: () => {} })
  // It cannot come back while its programs cannot read their data.
  const data = join(dataDir, 'postgres/data')
  process.kill(await serverPid(), 'SIGKILL')
  await rename(data, `${data}.away`)
  await expect.poll(() => running?.trouble(), { timeout: 30_000 }).toContain('PostgreSQL')
  await rename(`${data}.away`, data)
  await expect.poll(() => running?.trouble(), { timeout: 60_000 }).toBeUndefined()
  await running.stop()
  const [pid] = (await readdir(data)).filter((name) => name === 'postmaster.pid')
  expect(pid).toBeUndefined()
})

it('starts one of two that start at once on the same folder, and refuses the other', async () => {
  const both = await Promise.allSettled([start(), start()])
  const refused = both.filter((outcome) => outcome.status === 'rejected')
  expect(refused).toHaveLength(1)
  expect(String(refused[0]?.reason)).toContain('runs on this data folder already')
})

it('starts although the number of its dead server belongs to another program now', async () => {
  await (await start()).stop()
  const stale = [process.pid, join(dataDir, 'postgres/data'), 1, 5432, '', '127.0.0.1', '', 'ready']
  await writeFile(join(dataDir, 'postgres/data/postmaster.pid'), `${stale.join('\n')}\n`)
  const { url } = await start()
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
})

it('refuses data of another major version with a sentence, and touches nothing', async () => {
  await mkdir(join(dataDir, 'postgres/data'), { recursive: true })
  await writeFile(join(dataDir, 'postgres/data/PG_VERSION'), '15\n')
  await expect(start()).rejects.toThrow('was made by PostgreSQL 15')
  expect(await readdir(join(dataDir, 'postgres/data'))).toEqual(['PG_VERSION'])
  expect(await readdir(dataDir)).toEqual(['postgres'])
})

it('begins anew where a first creation died half-way, but never deletes unknown files', async () => {
  await mkdir(join(dataDir, 'postgres/data.new'), { recursive: true })
  await writeFile(join(dataDir, 'postgres/data.new/half'), '')
  await (await start()).stop()
  expect(await readdir(join(dataDir, 'postgres'))).not.toContain('data.new')
  await rm(join(dataDir, 'postgres/data/PG_VERSION'))
  await expect(start()).rejects.toThrow('nothing was touched')
})

it('lets in only who knows the password, and as no superuser', async () => {
  const { url } = await start()
  const stranger = new URL(url)
  stranger.password = 'guess'
  await expect(query(stranger.href, 'select 1')).rejects.toThrow('password authentication failed')
  const role = 'select rolsuper from pg_roles where rolname = current_user'
  expect(await query(url, role)).toEqual([{ rolsuper: false }])
  expect((await stat(join(dataDir, 'postgres/password'))).mode & 0o777).toBe(0o600)
  expect((await stat(join(dataDir, 'postgres'))).mode & 0o777).toBe(0o700)
  expect(await query(url, 'show fsync')).toEqual([{ fsync: 'on' }])
})

it('runs from a folder that only its owner may enter', async () => {
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
  ['empty or torn', async (path: string) => writeFile(path, '')],
])('names the password file when it is %s, and makes no other one', async (state, damage) => {
  await (await start()).stop()
  running = undefined
  const path = join(dataDir, 'postgres/password')
  await damage(path)
  await expect(start()).rejects.toThrow(`${path} is ${state}`)
})

it('closes its folders to other users, whatever the umask, also those of an older release', async () => {
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

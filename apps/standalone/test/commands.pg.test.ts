import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { TestDatabase } from '@sluice/testkit/databases'
import { testDatabase } from '@sluice/testkit/databases'
import { afterEach, beforeEach, expect, test } from 'vitest'

const CLI = join(import.meta.dirname, '../src/cli.ts')

const key = () => randomBytes(32).toString('base64')
const makeSecrets = () => ({
  SEALING_KEYS: `k1:${key()}`,
  SIGNING_KEYS: `k1:${key()}`,
  API_KEY_PEPPER: key(),
})

let home: string
let dataDir: string
let database: TestDatabase
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sluice-commands-'))
  dataDir = join(home, 'data')
  database = await testDatabase()
})
afterEach(async () => {
  await database.close()
  await rm(home, { recursive: true, force: true })
})

/** `pnpm sluice …` with this environment and nothing else of ours. */
const sluice = (cliArgs: string, env: Record<string, string> = {}) =>
  new Promise<{ code: number | null; answer: string; said: string }>((resolve) => {
    const options = {
      cwd: home,
      env: { PATH: process.env['PATH'] ?? '', SLUICE_DATA_DIR: dataDir, ...env },
    }
    const child = execFile(
      process.execPath,
      [CLI, ...cliArgs.split(' ')],
      options,
      (_err, out, err) => resolve({ code: child.exitCode, answer: out, said: err }),
    )
    child.stdin?.end('sk-upstream-key\n')
  })
const onDatabase = (extra: Record<string, string> = {}) => ({
  DATABASE_URL: database.url,
  ...extra,
})

test.each([
  'ledger verify',
  'channel list',
  'key issue --email admin@localhost.localdomain',
  'user add --email new@example.test',
  'channel add --name a --dialect openai --base-url https://a.test/v1 m:chat',
  'balance wal_1',
])(
  '"%s" without any installation refuses, makes nothing, and says what to set',
  async (cliArgs) => {
    const { code, answer, said } = await sluice(cliArgs)
    expect(code).toBe(3)
    expect(answer).toBe('')
    expect(said).toContain(`There is no installation in ${dataDir}, and DATABASE_URL is not set`)
    expect(existsSync(dataDir)).toBe(false)
    expect(await readdir(home)).toEqual([])
  },
)

test('a database that was never set up is named and refused, and stays as it is', async () => {
  const { code, said } = await sluice('ledger verify', onDatabase())
  expect(code).toBe(3)
  expect(said).toContain(new URL(database.url).pathname.slice(1))
  expect(said).toContain('never set up')
  const name = new URL(database.url)
  name.pathname = '/postgres'
  const empty = await sluice('ledger verify', { DATABASE_URL: name.href })
  expect(empty.code).toBe(3)
  expect(empty.said).toContain('database postgres at 127.0.0.1')
  expect(empty.said).toContain('holds no Sluice installation')
})

test('what a command works on is said, and secrets are neither invented nor mistaken', async () => {
  const secrets = makeSecrets()
  const withoutSecrets = await sluice('setup', onDatabase())
  expect(withoutSecrets.code).toBe(3)
  expect((await sluice('setup', onDatabase(secrets))).code).toBe(0)

  const verified = await sluice('ledger verify', onDatabase())
  expect(verified.code).toBe(0)
  expect(verified.said).toMatch(
    /^Working on the database test_\w+ at 127.0.0.1:\d+: 1 users, 1 tra/,
  )
  expect(verified.said).not.toContain(new URL(database.url).password)

  const issue = 'key issue --email admin@localhost.localdomain'
  const add = 'channel add --name a --dialect openai --base-url https://a.test/v1 m:chat'
  for (const cliArgs of [issue, add]) {
    const refused = await sluice(cliArgs, onDatabase())
    expect(refused).toMatchObject({ code: 3, answer: '' })
    expect(refused.said).toContain('Set SEALING_KEYS, SIGNING_KEYS and API_KEY_PEPPER')
  }
  const others = { ...secrets, API_KEY_PEPPER: key() }
  const wrong = await sluice(issue, onDatabase(others))
  expect(wrong).toMatchObject({ code: 1, answer: '' })
  expect(wrong.said).toContain('API_KEY_PEPPER is not the one that this database was set up with')
  const wrongToo = await sluice('ledger verify', onDatabase(makeSecrets()))
  expect(wrongToo).toMatchObject({ code: 1, answer: '' })

  const nothing = await sluice(`${issue} --daily-quota 0`, onDatabase(secrets))
  expect(nothing).toMatchObject({ code: 2, answer: '' })
  expect(nothing.said).toContain('--daily-quota must be an amount of credits above 0')
  expect((await sluice(issue, onDatabase(secrets))).answer).toContain('API key: sk-')
  expect((await sluice(add, onDatabase(secrets))).code).toBe(0)
  const tested = await sluice('channel test a', onDatabase(secrets))
  expect(tested).toMatchObject({ code: 1, answer: expect.stringContaining('connect-failed') })
  expect(existsSync(dataDir)).toBe(false)
}, 120_000)

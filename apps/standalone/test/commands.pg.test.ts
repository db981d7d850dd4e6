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
const generateSecrets = () => ({
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

/** Runs `pnpm sluice …` with this environment only. */
const sluice = (cliArgs: string, env: Record<string, string> = {}) =>
  new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    const options = {
      cwd: home,
      env: { PATH: process.env['PATH'] ?? '', SLUICE_DATA_DIR: dataDir, ...env },
    }
    const child = execFile(
      process.execPath,
      [CLI, ...cliArgs.split(' ')],
      options,
      (_err, out, err) => resolve({ code: child.exitCode, stdout: out, stderr: err }),
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
  '"%s" without an installation exits with 3, creates nothing, and names the settings to set',
  async (cliArgs) => {
    const { code, stdout, stderr } = await sluice(cliArgs)
    expect(code).toBe(3)
    expect(stdout).toBe('')
    expect(stderr).toContain(`There is no installation in ${dataDir}, and DATABASE_URL is not set`)
    expect(existsSync(dataDir)).toBe(false)
    expect(await readdir(home)).toEqual([])
  },
)

test('a database that was never set up is named, refused and not changed', async () => {
  const { code, stderr } = await sluice('ledger verify', onDatabase())
  expect(code).toBe(3)
  expect(stderr).toContain(new URL(database.url).pathname.slice(1))
  expect(stderr).toContain('never set up')
  const name = new URL(database.url)
  name.pathname = '/postgres'
  const empty = await sluice('ledger verify', { DATABASE_URL: name.href })
  expect(empty.code).toBe(3)
  expect(empty.stderr).toContain('database postgres at 127.0.0.1')
  expect(empty.stderr).toContain('contains no Sluice installation')
})

test('commands name the installation they work on, and require its own secrets', async () => {
  const secrets = generateSecrets()
  const withoutSecrets = await sluice('setup', onDatabase())
  expect(withoutSecrets.code).toBe(3)
  expect((await sluice('setup', onDatabase(secrets))).code).toBe(0)

  const verified = await sluice('ledger verify', onDatabase())
  expect(verified.code).toBe(0)
  expect(verified.stderr).toMatch(
    /^Working on the database test_\w+ at 127.0.0.1:\d+: 1 users, 1 tra/,
  )
  expect(verified.stderr).not.toContain(new URL(database.url).password)

  const issue = 'key issue --email admin@localhost.localdomain'
  const add = 'channel add --name a --dialect openai --base-url https://a.test/v1 m:chat'
  for (const command of [issue, add]) {
    const refused = await sluice(command, onDatabase())
    expect(refused).toMatchObject({ code: 3, stdout: '' })
    expect(refused.stderr).toContain('Set SEALING_KEYS, SIGNING_KEYS and API_KEY_PEPPER')
  }
  const others = { ...secrets, API_KEY_PEPPER: key() }
  const wrong = await sluice(issue, onDatabase(others))
  expect(wrong).toMatchObject({ code: 1, stdout: '' })
  expect(wrong.stderr).toContain('API_KEY_PEPPER is not the one that this database was set up with')
  const wrongToo = await sluice('ledger verify', onDatabase(generateSecrets()))
  expect(wrongToo).toMatchObject({ code: 1, stdout: '' })

  const nothing = await sluice(`${issue} --daily-quota 0`, onDatabase(secrets))
  expect(nothing).toMatchObject({ code: 2, stdout: '' })
  expect(nothing.stderr).toContain('--daily-quota must be an amount of credits above 0')
  expect((await sluice(issue, onDatabase(secrets))).stdout).toContain('API key: sk-')
  expect((await sluice(add, onDatabase(secrets))).code).toBe(0)
  const tested = await sluice('channel test a', onDatabase(secrets))
  expect(tested).toMatchObject({ code: 1, stdout: expect.stringContaining('connect-failed') })
  expect(existsSync(dataDir)).toBe(false)
}, 120_000)

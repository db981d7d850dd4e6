// The two commands of the README in a folder that only its owner may access, such as /root.
import { chmod, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { copyCheckout } from './private-folder/copy-checkout.ts'
import { runNpm } from './private-folder/run-npm.ts'
import { freePort } from './harness/child.ts'

const NAME = 'Schlüssel & 鍵 (private)'
const TIMEOUT_MS = 240_000

let home: string
let checkout: string
let temporary: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'sluice-private-'))
  await chmod(home, 0o700)
  checkout = join(home, NAME)
  temporary = join(home, 'tmp ü')
  await mkdir(temporary)
  await copyCheckout(checkout)
}, TIMEOUT_MS)
afterAll(() => rm(home, { recursive: true, force: true }))

// npm would store compiled code in the temporary folder.
const environment = () => ({ HOME: home, TMPDIR: temporary, NODE_DISABLE_COMPILE_CACHE: '1' })

const start = async (
  extra: Record<string, string> = {},
  end: 'interrupt' | 'terminate' = 'interrupt',
) => {
  const port = await freePort()
  const env = { ...environment(), PORT: String(port), ...extra }
  const npm = runNpm({ folder: checkout, args: ['start'], env })
  try {
    const [, url = ''] = await npm.printed(/Sluice listens on (http:\S+)/)
    const [, apiKey = ''] = await npm.printed(/API key\s+(sk-\S+)/)
    const ready = await fetch(`${url}/ready`)
    const models = await fetch(`${url}/v1/models`, {
      headers: { authorization: `Bearer ${apiKey}` },
    })
    return { ready: ready.status, models: models.status, listed: await models.text() }
  } finally {
    await npm[end]()
  }
}

test(
  '`npm start` serves its first request from a folder that only its owner may access',
  async () => {
    expect((await stat(home)).mode & 0o777).toBe(0o700)
    const answers = await start()
    expect(answers).toMatchObject({ ready: 200, models: 200 })
    expect(answers.listed).toContain('gpt-image-2')
    // Its PostgreSQL was stopped with it.
    const files = await readdir(join(checkout, 'data/postgres/data'))
    expect(files).not.toContain('postmaster.pid')
  },
  TIMEOUT_MS,
)

test(
  '`npm start` stores its data in the folder of SLUICE_DATA_DIR',
  async () => {
    const dataDir = join(home, 'Daten für Sluice')
    const answers = await start({ SLUICE_DATA_DIR: dataDir }, 'terminate')
    expect(answers).toMatchObject({ ready: 200, models: 200 })
    expect(await readdir(dataDir)).toContain('secrets.json')
    expect(await readdir(join(dataDir, 'postgres/data'))).not.toContain('postmaster.pid')
  },
  TIMEOUT_MS,
)

test(
  '`npm test` runs tests on a real PostgreSQL in such a folder',
  async () => {
    const env = environment()
    const args = ['test', '--', '--project', 'pg', 'packages/db/src/with-transaction.pg.test.ts']
    const npm = runNpm({ folder: checkout, args, env })
    expect(await npm.ended(), npm.output()).toBe(0)
    expect(npm.output()).toMatch(/[1-9]\d* passed, 0 failed/)
    expect(await readdir(temporary)).toEqual([])
  },
  TIMEOUT_MS,
)

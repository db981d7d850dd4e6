import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { PASSWORD } from './auth-matrix/fixture.ts'
import { freePort, runToEnd, startChild, untilReady } from './harness/child.ts'
import { dropDatabase, freshDatabase } from './harness/servers.ts'

const WEAK = 'password1234'
const MESSAGE = /ADMIN_PASSWORD is refused\. \S.*\./

test('a first start with a weak ADMIN_PASSWORD exits with a message, and the next one starts from scratch', async () => {
  const SLUICE_DATA_DIR = await mkdtemp(join(tmpdir(), 'sluice-e2e-'))
  onTestFinished(() => rm(SLUICE_DATA_DIR, { recursive: true, force: true }))
  const port = await freePort()
  const start = (ADMIN_PASSWORD: string) => {
    const env = { SLUICE_DATA_DIR, PORT: String(port), LOG_LEVEL: 'warn', ADMIN_PASSWORD }
    return startChild({ name: 'sluice', script: 'apps/standalone/src/main.ts', env })
  }
  const refused = start(WEAK)
  await refused.ended()
  expect(await refused.stop()).not.toBe(0)
  expect(refused.output()).toMatch(MESSAGE)
  expect(refused.output()).not.toContain(WEAK)
  const started = start(PASSWORD)
  onTestFinished(async () => void (await started.stop()))
  await untilReady(started, `http://127.0.0.1:${port}`)
})

test('the setup of a distributed installation refuses a weak ADMIN_PASSWORD', async () => {
  const database = await freshDatabase()
  onTestFinished(() => dropDatabase(database))
  const key = () => randomBytes(32).toString('base64')
  const env = {
    DATABASE_URL: database.url,
    SEALING_KEYS: `k1:${key()}`,
    SIGNING_KEYS: `k1:${key()}`,
    API_KEY_PEPPER: key(),
    ADMIN_PASSWORD: WEAK,
  }
  const script = 'apps/standalone/src/cli.ts'
  const setup = runToEnd({ name: 'sluice', script, args: ['setup'], env })
  await expect(setup).rejects.toThrow(MESSAGE)
})

import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { systemRandom } from '@sluice/kernel/random'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { loadSecrets } from './load-secrets.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sluice-secrets-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

const load = () => loadSecrets({ random: systemRandom }, { dataDir })

test('secrets are generated once, readable by the owner only, and stay the same', async () => {
  const made = await load()
  expect(await load()).toEqual(made)
  expect((await stat(join(dataDir, 'secrets.json'))).mode & 0o777).toBe(0o600)
})

test('a data folder with a database but no secrets is refused', async () => {
  await mkdir(join(dataDir, 'postgres'))
  await expect(load()).rejects.toThrow(/secrets\.json is missing/)
})

test('a damaged file is refused and not overwritten', async () => {
  await writeFile(join(dataDir, 'secrets.json'), '{"sealingKeys":""}')
  await expect(load()).rejects.toThrow(/is damaged/)
  expect(await readFile(join(dataDir, 'secrets.json'), 'utf8')).toBe('{"sealingKeys":""}')
})

test.each([
  ['empty', ''],
  ['torn', '{"sealingKeys":"k1:c2VjcmV0'],
  ['zeros', '\0'.repeat(200)],
])(
  'the error for an %s file names it and the remedy, and shows no content',
  async (_what, text) => {
    await writeFile(join(dataDir, 'secrets.json'), text)
    const refused = await load().catch(String)
    expect(refused).toContain(`${join(dataDir, 'secrets.json')} is damaged`)
    expect(refused).toContain('Restore the file from your backup')
    expect(refused).not.toContain('c2VjcmV0')
    expect(await readFile(join(dataDir, 'secrets.json'), 'utf8')).toBe(text)
  },
)

test('concurrent first starts use the same secrets', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, load))
  expect(new Set(all.map(({ apiKeyPepper }) => apiKeyPepper)).size).toBe(1)
  expect(await readdir(dataDir)).toEqual(['secrets.json'])
  expect((await stat(dataDir)).mode & 0o777).toBe(0o700)
})

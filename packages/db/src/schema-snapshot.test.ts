import { readFileSync } from 'node:fs'

import { expect, it } from 'vitest'

import { snapshotFile, snapshotHeader } from './schema-snapshot.ts'

it('the schema snapshot was written after the last migration (else run `pnpm db:snapshot`)', () => {
  const [firstLine] = readFileSync(snapshotFile, 'utf8').split('\n')
  expect(firstLine).toBe(snapshotHeader())
})

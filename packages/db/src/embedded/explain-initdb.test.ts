import { expect, it } from 'vitest'

import { explainInitdb } from './explain-initdb.ts'

const explain = (written: string) => explainInitdb({ folder: '/data', written })

it.each([
  [
    'initdb: could not look up effective user ID 12345: user does not exist',
    /useradd --uid 12345 sluice.*DATABASE_URL/,
  ],
  ['initdb: error: could not create directory "x": Read-only file system', /SLUICE_DATA_DIR/],
  ['could not write to file: No space left on device', /Make room/],
])('adds a remedy to the message of initdb: %s', (written, remedy) => {
  expect(explain(written)).toContain(`in /data: ${written}. `)
  expect(explain(written)).toMatch(remedy)
})

it('an unknown failure has the message of initdb only', () => {
  expect(explain('odd')).toBe('PostgreSQL could not create its data in /data: odd')
})

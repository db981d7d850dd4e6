import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { checkDisk } from './check-disk.ts'

const signal = new AbortController().signal
const folders = { 'data folder': tmpdir() }

test('a disk with enough room is no trouble, also for a folder that is not there yet', async () => {
  await checkDisk({ folders, freeBytesMin: 1 })(signal)
  const later = { spool: join(tmpdir(), 'not-there-yet/spool') }
  await checkDisk({ folders: later, freeBytesMin: 1 })(signal)
})

test('a full disk fails the check, which names what lies on it', async () => {
  const full = checkDisk({ folders, freeBytesMin: Number.MAX_SAFE_INTEGER })(signal)
  await expect(full).rejects.toThrow(/^the disk of the data folder is full: \d+ MiB are free/)
})

import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { checkDisk } from './check-disk.ts'

const signal = new AbortController().signal
const folders = { 'data folder': tmpdir() }

test('the check passes with enough free space, also for a folder that does not exist yet', async () => {
  await checkDisk({ folders, freeBytesMin: 1 })(signal)
  const later = { spool: join(tmpdir(), 'not-there-yet/spool') }
  await checkDisk({ folders: later, freeBytesMin: 1 })(signal)
})

test('the check fails on a full disk, and names the purpose of the folder', async () => {
  const full = checkDisk({ folders, freeBytesMin: Number.MAX_SAFE_INTEGER })(signal)
  await expect(full).rejects.toThrow(/^the disk of the data folder is full: \d+ MiB are free/)
})

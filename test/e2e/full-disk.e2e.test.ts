import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import type { SmallDisk } from './full-disk/small-disk.ts'
import { smallDisk } from './full-disk/small-disk.ts'
import { checkLedger } from './harness/check-ledger.ts'
import { call, eventually } from './harness/context.ts'
import { settledBalance } from './harness/ledger.ts'
import type { Running } from './harness/running.ts'
import { distributed } from './wirings/distributed.ts'

/** A short wait limit for pictures; the disk of 16 MiB counts as full with less than 1 MiB free. */
const limits = { SYNC_WAIT_MS: '2500', DISK_FREE_BYTES_MIN: String(1024 * 1024) }
const chatBody = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hello' }] }
const image = (prompt: string) => ({
  model: 'gpt-image-2',
  prompt,
  size: '1024x1024',
  quality: 'low',
})

describe('while the disk of the pictures is full', () => {
  let simulator: OpenAiSimulator
  let disk: SmallDisk
  let running: Running
  beforeAll(async () => {
    simulator = await startOpenAiSimulator()
    disk = await smallDisk()
    running = await distributed.start({
      upstreamUrl: simulator.url,
      upstreamKey: simulator.key,
      env: { ...limits, BLOB_DIR: disk.folder },
    })
  })
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(running.output().slice(-20_000))
  })
  afterAll(async () => {
    await running.stop()
    await disk.remove()
    await simulator.close()
  })

  test('chat works, /ready reports it, pictures are refused or wait, and are generated and paid once space is free', async () => {
    const context = { running, simulator }
    expect((await call(context, '/v1/images/generations', { body: image('before') })).status).toBe(
      200,
    )
    const before = await settledBalance(context)
    await disk.fill()

    const ready = await call(context, '/ready')
    // Without a file system of its own, the underlying one has enough free space for /ready.
    const [status, message] = disk.isMounted ? [503, 'the disk of the blobs is full'] : [200, '']
    expect([ready.status, await ready.text()]).toEqual([status, expect.stringContaining(message)])
    expect((await call(context, '/v1/chat/completions', { body: chatBody })).status).toBe(200)
    const edited = await edit(running)
    expect(edited.status).toBe(503)
    expect(await edited.json()).toMatchObject({ error: { code: 'unavailable' } })
    const waiting = await call(context, '/v1/images/generations', { body: image('during') })
    expect(waiting.status).toBe(504)
    const taskId = waiting.headers.get('x-sluice-task-id') ?? ''

    await disk.freeSpace()
    const task = await eventually(async () => {
      const answer = await call(context, `/v1/images/tasks/${taskId}`)
      const read = (await answer.json()) as { status: string }
      return ['queued', 'running'].includes(read.status) ? undefined : read
    }, 60_000)
    expect(task.status).toBe('done')
    expect((await call(context, '/ready')).status).toBe(200)
    expect((await edit(running)).status).toBe(200)
    const after = await settledBalance(context)
    expect(after.availableMicro).toBeLessThan(before.availableMicro)
    expect(await checkLedger(context)).toEqual([])
  })
})

async function edit({ baseUrl, apiKey }: Running): Promise<Response> {
  const background = { r: 200, g: 30, b: 30 }
  const picture = await sharp({ create: { width: 64, height: 64, channels: 3, background } })
    .png()
    .toBuffer()
  const form = new FormData()
  form.append('model', 'gpt-image-2')
  form.append('prompt', 'edited')
  form.append('quality', 'low')
  form.append('image', new Blob([new Uint8Array(picture)], { type: 'image/png' }), 'a.png')
  return fetch(`${baseUrl}/v1/images/edits`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}` },
    body: form,
  })
}

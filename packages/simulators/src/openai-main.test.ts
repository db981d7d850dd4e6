import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { expect, it } from 'vitest'
import { z } from 'zod'

const line = z.object({ url: z.url(), pid: z.int() })

it('prints its URL as one JSON line, serves, and exits with 0 and its log on disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-main-'))
  const log = join(folder, 'log.jsonl')
  const program = join(import.meta.dirname, 'openai-main.ts')
  const args = [program, '--port', '0', '--log', log, '--keys', 'one,two', '--answer-words', '3']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [first] = await once(createInterface({ input: child.stdout }), 'line')
    const { url, pid } = line.parse(JSON.parse(String(first)))
    expect(pid).toBe(child.pid)
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer two' },
      body: JSON.stringify({ model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hi' }] }),
    })
    expect(await answer.json()).toMatchObject({ usage: { completion_tokens: 3 } })
    child.kill('SIGTERM')
    const [status] = await once(child, 'exit')
    expect(status).toBe(0)
    const events = (await readFile(log, 'utf8')).trim().split('\n')
    expect(events.map((event) => JSON.parse(event).event)).toEqual([
      'received',
      'produced',
      'ended',
    ])
  } finally {
    child.kill('SIGKILL')
    await rm(folder, { recursive: true })
  }
})

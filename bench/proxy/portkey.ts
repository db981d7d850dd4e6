import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'

import { pinned, untilListening } from '../measure/process.ts'
import type { Target } from '../measure/target.ts'

/**
 * Portkey's gateway from npm, without key look-up, limit, metering and records, so that the comparison
 * favours it.
 */
export async function startPortkey(port: number, upstream: number): Promise<Target> {
  const script = createRequire(import.meta.url).resolve('@portkey-ai/gateway/build/start-server.js')
  const args = [script, `--port=${port}`, '--headless']
  const child = spawn(...pinned(1, process.execPath, args), {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production', TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost' },
  })
  await untilListening(port)
  return {
    name: 'Portkey 1.15.2',
    port,
    pid: child.pid ?? 0,
    headers: {
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `http://127.0.0.1:${upstream}/v1`,
    },
    stop: () => void child.kill('SIGTERM'),
  }
}

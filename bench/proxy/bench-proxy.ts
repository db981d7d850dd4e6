import { join } from 'node:path'

import { freePort } from '@sluice/e2e/harness/child'
import { distributed } from '@sluice/e2e/wirings/distributed'

import { startServers } from '../measure/servers.ts'
import { brief } from '../measure/table.ts'
import type { Target } from '../measure/target.ts'
import type { Sample } from '../measure/wrk.ts'
import { startNginxLua, startNginxLuaWork, startNginxProxy, startUpstream } from './nginx.ts'
import { OTHER_CHECKOUT, startCheckout } from './other-checkout.ts'
import { startPortkey } from './portkey.ts'
import { benchInstallation, limitedKey } from './installation.ts'
import type { Phase } from './run-proxy.ts'
import { describePhase, runPhase } from './run-proxy.ts'

const phases: Phase[] = [
  { title: 'JSON, 64 connections', connections: 64, warmupSeconds: 12, seconds: 5, rounds: 3 },
  { title: 'JSON, one connection', connections: 1, warmupSeconds: 3, seconds: 3, rounds: 3 },
]

const body = JSON.stringify({
  model: 'gpt-4o-mini',
  messages: [
    { role: 'system', content: 'You are a helpful assistant who answers in one sentence.' },
    { role: 'user', content: `Why should a gateway be thin? ${'Be brief. '.repeat(20)}` },
  ],
  temperature: 0.7,
  max_tokens: 64,
})

/**
 * Every target runs alone on CPU 1; load, upstream, Redis and the other services run on CPU 0. Sluice
 * runs as in production: key look-up, rate limit leased from Redis, allowance, metering, usage and
 * request records. The other targets do less, which favours them.
 *
 * `otherCheckout` is the folder of another, installed checkout of this repository, for example of the commit
 * before a change; its edge-api is measured in the same rounds.
 */
export async function benchProxy([otherCheckout]: string[] = []): Promise<string> {
  const servers = await startServers()
  const { folder } = servers
  const port = { upstream: await freePort(), nginx: await freePort(), lua: await freePort() }
  const upstream = await startUpstream(join(folder, 'upstream'), port.upstream)
  const targets: Target[] = [upstream]
  const running = await distributed.start(benchInstallation(port.upstream))
  try {
    await running.sluice('channel', 'models', 'openai', 'gpt-4o-mini:chat')
    const apiKey = await limitedKey(running.sluice)
    targets.push(await startNginxProxy(join(folder, 'nginx'), port.nginx, port.upstream))
    const redis = Number(new URL(process.env['TEST_REDIS_URL'] ?? '').port)
    const lua = { upstream: port.upstream, redis, apiKey }
    targets.push(await startNginxLua({ ...lua, folder: join(folder, 'lua'), port: port.lua }))
    const work = { ...lua, folder: join(folder, 'lua-work'), port: await freePort() }
    targets.push(await startNginxLuaWork(work))
    targets.push({
      name: 'Sluice edge-api',
      port: Number(new URL(running.baseUrl).port),
      pid: running.pidOf('edge-api'),
      stop: () => {},
    })
    targets.push(await startPortkey(await freePort(), port.upstream))
    if (otherCheckout !== undefined) targets.push(await startCheckout(otherCheckout, port.upstream))
    const reports: string[] = []
    for (const phase of phases) {
      const load = { folder, body, apiKey, path: '/v1/chat/completions' }
      const results = await runPhase(targets, phase, load)
      reports.push(describePhase(phase, results), ratios(results), otherCheckoutRatio(results))
    }
    return `# pnpm bench proxy\n\n${reports.join('\n')}`
  } finally {
    for (const target of targets) await target.stop()
    await running.stop()
    await servers.stop()
  }
}

function otherCheckoutRatio(results: Map<string, Sample>): string {
  const ours = results.get('Sluice edge-api')
  const other = results.get(OTHER_CHECKOUT)
  if (!ours || !other) return ''
  const ratio = ours.cpuMicrosPerRequest / other.cpuMicrosPerRequest
  return `- CPU per request: Sluice / the other checkout = **${brief(ratio)}**\n`
}

function ratios(results: Map<string, Sample>): string {
  const of = (name: string) => results.get(name)
  const ours = of('Sluice edge-api')
  const lua = of('nginx+lua')
  const work = of('nginx+lua, same work')
  const portkey = of('Portkey 1.15.2')
  const nginx = of('nginx proxy')
  if (!ours || !lua || !work || !portkey || !nginx) return ''
  const cpu = (than: Sample) => brief(ours.cpuMicrosPerRequest / than.cpuMicrosPerRequest)
  const peer = ours.requestsPerSecond / portkey.requestsPerSecond
  return [
    `- CPU per request: Sluice / nginx+lua with key look-up and limit = **${cpu(lua)}** (goal ≤ 1.3)`,
    `- CPU per request: Sluice / nginx+lua that also meters and records = **${cpu(work)}**`,
    `- req/s: Sluice / Portkey = **${brief(peer)}** (goal ≥ 10)`,
    `- req/s: Sluice / nginx proxy = ${brief(ours.requestsPerSecond / nginx.requestsPerSecond)}`,
    '',
  ].join('\n')
}

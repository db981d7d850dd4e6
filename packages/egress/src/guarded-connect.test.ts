import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { describe, expect, it, onTestFinished } from 'vitest'

import { createEgress } from './create-egress.ts'
import { isMetadataHost } from './metadata-address.ts'

async function setUp(options: Parameters<typeof createEgress>[0]) {
  const server = createServer((_, response) => response.end('ok'))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const egress = createEgress(options)
  onTestFinished(async () => {
    await egress.close()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const call = async (host: string) => {
    const request = { origin: `http://${host}:${port}`, path: '/', method: 'GET' as const }
    const { body } = await egress.dispatcher.request(request)
    return body.text()
  }
  return { call, port, egress }
}

describe('an upstream', () => {
  it.each(['169.254.169.254', '[::ffff:169.254.169.254]', '[fd00:ec2::254]', 'metadata.goog'])(
    'at %s is not connected to',
    async (host) => {
      const { call } = await setUp({ lookup: async () => ['127.0.0.1'] })
      await expect(call(host)).rejects.toThrow('METADATA_HOSTS_ALLOWED')
    },
  )

  it.each([[['169.254.169.254']], [['127.0.0.1', '::ffff:a9fe:a9fe']], [['fe80::1']]])(
    'whose name resolves to %j is not connected to',
    async (addresses) => {
      const { call } = await setUp({ lookup: async () => addresses })
      await expect(call('models.example.com')).rejects.toThrow('METADATA_HOSTS_ALLOWED')
    },
  )

  it("in the operator's own network is connected to", async () => {
    const { call } = await setUp({ lookup: async () => ['127.0.0.1'] })
    expect(await call('models.lan')).toBe('ok')
    expect(await call('127.0.0.1')).toBe('ok')
  })

  it('with an allowed name may resolve to a metadata address', async () => {
    const lookup = async () => ['127.0.0.1', '169.254.169.254']
    const { call } = await setUp({ lookup, metadataHostsAllowed: ['gpu.lan'] })
    expect(await call('gpu.lan')).toBe('ok')
    await expect(call('other.lan')).rejects.toThrow('METADATA_HOSTS_ALLOWED')
  })
})

it('a picture is not fetched from a trusted host that resolves to a metadata service', async () => {
  const lookup = async () => ['169.254.169.254']
  const { egress, port } = await setUp({ lookup, allowPrivate: ['models.lan:80'] })
  const facts = { bytesMax: 100, timeoutMs: 1_000, acceptTypes: ['text/plain'] }
  const response = await egress.fetchGuarded({ url: 'http://models.lan/', ...facts })
  expect(response).toMatchObject({ outcome: 'refused', reason: 'address' })
  expect(port).toBeGreaterThan(0)
})

it.each([
  '10.0.0.1',
  '127.0.0.1',
  '192.168.1.1',
  '100.64.0.1',
  '8.8.8.8',
  '::1',
  'fd12::1',
  '2001:db8::1',
])('%s is not a metadata service', (address) => expect(isMetadataHost(address)).toBe(false))

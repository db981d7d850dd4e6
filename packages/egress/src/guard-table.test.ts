import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { createServer } from 'node:net'

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import type { Egress } from './create-egress.ts'
import { createEgress } from './create-egress.ts'

/** URLs that point at private addresses or are ambiguous: none may reach a listener at that address. */

const privateV4 = [
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '169.254.0.1',
  '169.254.169.254',
  '169.254.170.2',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
]

const hex = (v4: string) =>
  v4
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')
const groups = (v4: string) => `${hex(v4).slice(0, 4)}:${hex(v4).slice(4)}`
const octal = (v4: string) =>
  v4
    .split('.')
    .map((part) => `0${Number(part).toString(8)}`)
    .join('.')
const fullWidth = (v4: string) =>
  v4.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)))

/** The notations of an IPv4 address that some parser accepts. */
const forms: Record<string, (v4: string) => string> = {
  plain: (v4) => v4,
  'with a root dot': (v4) => `${v4}.`,
  'as one number': (v4) => String(Number.parseInt(hex(v4), 16)),
  'as one hex number': (v4) => `0x${hex(v4)}`,
  'with octal parts': octal,
  'with full-width digits': fullWidth,
  'percent-encoded': (v4) => v4.replaceAll('.', '%2e'),
  'mapped into IPv6': (v4) => `[::ffff:${v4}]`,
  'mapped, in hex': (v4) => `[::ffff:${groups(v4)}]`,
  'compatible IPv6': (v4) => `[::${groups(v4)}]`,
  NAT64: (v4) => `[64:ff9b::${groups(v4)}]`,
  'local NAT64': (v4) => `[64:ff9b:1::${groups(v4)}]`,
  '6to4': (v4) => `[2002:${groups(v4)}::]`,
}

const hosts = [
  ...privateV4.flatMap((v4) => Object.values(forms).map((form) => form(v4))),
  '127.1',
  '0',
  '127.0.1',
  '①②⑦.0.0.1',
  '1②7.⓪.0.1',
  'localhost',
  'localhost.',
  'LOCALHOST',
  'a.localhost',
  'printer.local',
  'router.lan',
  'nas.home.arpa',
  'metadata.google.internal',
  'metadata',
  'postgres',
  'redis',
  '[::1]',
  '[::]',
  '[0:0:0:0:0:0:0:1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '[fec0::1]',
  '[ff02::1]',
  '[100::1]',
  '[2001::1]',
  '[2001:db8::1]',
  '[3fff::1]',
  '[5f00::1]',
]

const wholeUrls = [
  'http://good@127.0.0.1:PORT/',
  'http://good:word@example.com/',
  'http://127.0.0.1:PORT#@example.com/',
  'http://127.0.0.1:PORT\\@example.com/',
  'http://example.com\\@127.0.0.1:PORT/',
  'http:\\\\127.0.0.1:PORT/',
  'http:127.0.0.1:PORT/',
  'http:/127.0.0.1:PORT/',
  'http:///127.0.0.1:PORT/',
  '//127.0.0.1:PORT/',
  '/relative',
  '',
  ' http://127.0.0.1:PORT/',
  'http://127.0.0.1:PORT/\n',
  'ht\ttp://127.0.0.1:PORT/',
  'http://127.0.\t0.1:PORT/',
  'http://127.0.0.1:PORT/\u0000',
  'http://example.com:0/',
  'http://example.com:65536/',
  'http://example.com:22/',
  'http://example.com:5432/',
  'http://example.com:6379/',
  'http://example.com:4222/',
  'http://[fe80::1%25eth0]:PORT/',
  'http://[::1%lo]:PORT/',
  'file:///etc/passwd',
  'file://127.0.0.1/etc/passwd',
  'ftp://127.0.0.1:PORT/',
  'gopher://127.0.0.1:PORT/_x',
  'data:image/png;base64,iVBORw0KGgo=',
  'blob:http://127.0.0.1:PORT/x',
  'dict://127.0.0.1:PORT/',
  'ws://127.0.0.1:PORT/',
  'wss://127.0.0.1:PORT/',
  'javascript:alert(1)',
  'socks5://127.0.0.1:PORT/',
  'unix:/var/run/docker.sock',
  'http+unix://%2fvar%2frun%2fdocker.sock/',
  `http://example.com/${'a'.repeat(3_000)}`,
]

let canary: Server
let port: number
let connections = 0
let egress: Egress

beforeAll(async () => {
  canary = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  canary.listen(0, '::')
  await once(canary, 'listening')
  port = portOf(canary)
  // Every name resolves to loopback, as with a hostile resolver or a search list.
  egress = createEgress({ portsAllowed: [port], lookup: async () => ['127.0.0.1', '::1'] })
})
beforeEach(() => {
  connections = 0
})
afterAll(async () => {
  await egress.close()
  await new Promise((resolve) => canary.close(resolve))
})

describe('a URL that points at a private address', () => {
  const rows = [
    ...hosts.flatMap((host) => [`http://${host}:PORT/`, `https://${host}:PORT/x.png`]),
    'http://example.com:PORT/',
    'http://bücher.example:PORT/',
    ...wholeUrls,
  ]

  it('is tested in more than 250 notations', () => {
    expect(rows.length).toBeGreaterThan(250)
  })

  it.each(rows)('is rejected before a connection is made: %j', async (row) => {
    const url = row.replaceAll('PORT', String(port))
    const acceptTypes = ['image/png']
    const result = await egress.fetchGuarded({
      url,
      bytesMax: 1_000,
      timeoutMs: 5_000,
      acceptTypes,
    })
    expect(result.outcome).toBe('refused')
    expect(connections).toBe(0)
  })
})

// A server that listens on TCP always has an AddressInfo.
function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

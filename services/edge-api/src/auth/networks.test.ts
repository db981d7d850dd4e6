import { describe, expect, it } from 'vitest'

import { addressList, normalizeNetwork, formatNetwork } from './networks.ts'

describe('a list of addresses', () => {
  const cases: [network: string, inside: string[], outside: string[]][] = [
    ['203.0.113.7', ['203.0.113.7', '::ffff:203.0.113.7'], ['203.0.113.8', '::ffff:203.0.113.8']],
    ['10.0.0.5/8', ['10.255.0.1', '::ffff:a00:1'], ['11.0.0.0', '::a00:1']],
    ['192.168.1.0/25', ['192.168.1.127'], ['192.168.1.128']],
    ['0.0.0.0/0', ['1.2.3.4', '::ffff:1.2.3.4'], ['2001:db8::1']],
    ['2001:db8::/33', ['2001:db8:7fff::1'], ['2001:db8:8000::1', '32.1.13.184']],
    ['2001:db8::1', ['2001:db8:0:0:0:0:0:1', '[2001:db8::1]:443'], ['2001:db8::2']],
    ['::ffff:10.0.0.0/104', ['10.1.2.3', '::ffff:10.9.9.9', '10.1.2.3:555'], ['11.0.0.0']],
    ['::/0', ['::1', 'fe80::1%eth0'], ['127.0.0.1', '::ffff:127.0.0.1']],
  ]
  it.each(cases)('%s contains exactly the addresses of its range', (network, inside, outside) => {
    const list = addressList([normalizeNetwork(network)])
    expect(inside.map((address) => list.has(address))).toEqual(inside.map(() => true))
    expect(outside.map((address) => list.has(address))).toEqual(outside.map(() => false))
  })

  it('contains nothing that is not an address', () => {
    const list = addressList([normalizeNetwork('0.0.0.0/0'), normalizeNetwork('::/0')])
    for (const text of ['', 'unknown', 'localhost', '1.2.3.4, 5.6.7.8', '1.2.3.256', '::g', '[::1'])
      expect(list.has(text)).toBe(false)
  })

  it('contains the addresses of each of its networks', () => {
    const list = addressList(['10.0.0.0/8', '2001:db8::/32'].map(normalizeNetwork))
    expect(['10.1.1.1', '2001:db8::5', '11.1.1.1'].map(list.has)).toEqual([true, true, false])
  })
})

describe('a network', () => {
  it('is stored without host bits, and shown without the prefix length of a single address', () => {
    const stored = ['203.0.113.7', '10.1.2.3/8', '2001:DB8::1', '2001:db8:ffff::/33'].map(
      normalizeNetwork,
    )
    expect(stored).toEqual([
      '203.0.113.7/32',
      '10.0.0.0/8',
      '2001:db8::1/128',
      '2001:db8:8000::/33',
    ])
    const shown = ['203.0.113.7', '10.0.0.0/8', '2001:db8::1', '2001:db8:8000::/33']
    expect(stored.map(formatNetwork)).toEqual(shown)
    expect(['0.0.0.0/0', '::ffff:1.2.3.4'].map(normalizeNetwork)).toEqual([
      '0.0.0.0/0',
      '1.2.3.4/32',
    ])
  })
})

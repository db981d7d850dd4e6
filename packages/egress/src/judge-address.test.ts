import { describe, expect, it } from 'vitest'

import { judgeAddress } from './judge-address.ts'

describe('judgeAddress', () => {
  it.each(['1.1.1.1', '8.8.8.8', '93.184.215.14', '2606:4700:4700::1111', '2a00:1450:4001::1'])(
    'lets %s pass as public',
    (address) => expect(judgeAddress(address)).toBe('public'),
  )

  it.each(['127.0.0.1', '::1', '10.1.2.3', '64:ff9b::7f00:1', '2002:a00:1::', '::ffff:8.8.8.8'])(
    'stops %s',
    (address) => expect(judgeAddress(address)).toBe('not-public'),
  )

  it.each(['example.com', '', '1.2.3', 'fe80::1%eth0', '300.1.1.1'])(
    'never takes %j for a public address',
    (address) => expect(judgeAddress(address)).not.toBe('public'),
  )
})

import { describe, expect, it } from 'vitest'

import { classifyAddress } from './classify-address.ts'

describe('classifyAddress', () => {
  it.each(['1.1.1.1', '8.8.8.8', '93.184.215.14', '2606:4700:4700::1111', '2a00:1450:4001::1'])(
    'classifies %s as public',
    (address) => expect(classifyAddress(address)).toBe('public'),
  )

  it.each(['127.0.0.1', '::1', '10.1.2.3', '64:ff9b::7f00:1', '2002:a00:1::', '::ffff:8.8.8.8'])(
    'classifies %s as not public',
    (address) => expect(classifyAddress(address)).toBe('not-public'),
  )

  it.each(['example.com', '', '1.2.3', 'fe80::1%eth0', '300.1.1.1'])(
    'never classifies %j as public',
    (address) => expect(classifyAddress(address)).not.toBe('public'),
  )
})

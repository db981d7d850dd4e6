import { describe, expect, it } from 'vitest'

import { baseUrlRefusals, guardBaseUrl } from './guard-base-url.ts'

describe('the base URL of an upstream', () => {
  it.each([
    'https://api.openai.com/v1',
    'https://api.openai.com:8443/v1/',
    'https://models.example.com/openai?api-version=2026-01-01',
    'https://10.0.0.7/v1',
    'http://localhost:11434/v1',
    'http://127.0.0.1:8000',
    'http://[::1]:8000/v1',
    'http://192.168.1.20/v1',
    'http://100.64.0.9/v1',
    'http://[fd12::1]/v1',
    'http://ollama:11434/v1',
    'http://models.internal/v1',
  ])('may be %s', (text) => {
    expect(guardBaseUrl(text)).toBeUndefined()
  })

  it.each([
    ['', 'malformed'],
    ['api.openai.com/v1', 'malformed'],
    ['https://', 'malformed'],
    ['https:api.openai.com', 'malformed'],
    ['https://api.openai.com/v1\n', 'malformed'],
    ['https://api.openai.com\\@evil.example', 'malformed'],
    [`https://api.openai.com/${'v'.repeat(500)}`, 'malformed'],
    ['ftp://api.openai.com', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['javascript:alert(1)', 'scheme'],
    ['https://me:secret@api.openai.com/v1', 'credentials'],
    ['https://api.openai.com/v1#frag', 'fragment'],
    ['http://api.openai.com/v1', 'clear-text'],
    ['http://8.8.8.8/v1', 'clear-text'],
    ['http://169.254.169.254/latest', 'metadata'],
    ['https://169.254.169.254/latest', 'metadata'],
    ['http://[::ffff:169.254.169.254]/', 'metadata'],
    ['http://2852039166/', 'metadata'],
    ['http://[fe80::1]/', 'metadata'],
    ['http://[fd00:ec2::254]/', 'metadata'],
    ['http://metadata.google.internal/', 'metadata'],
    ['http://Metadata.Google.Internal./', 'metadata'],
    ['http://0xa9fea9fe/', 'metadata'],
    ['http://0xa9.0xfe.0xa9.0xfe/', 'metadata'],
    ['http://0251.0376.0251.0376/', 'metadata'],
    ['http://169.254.43518/', 'metadata'],
    ['http://169.254.169.254./', 'metadata'],
    ['http://%31%36%39.254.169.254/', 'metadata'],
    ['http://\uff11\uff16\uff19.254.169.254/', 'metadata'],
    ['http://[::ffff:a9fe:a9fe]/', 'metadata'],
    ['http://[::a9fe:a9fe]/', 'metadata'],
    ['http://[::ffff:0:a9fe:a9fe]/', 'metadata'],
    ['https://[64:ff9b::a9fe:a9fe]/', 'metadata'],
    ['https://[64:ff9b:1::a9fe:a9fe]/', 'metadata'],
    ['https://[2002:a9fe:a9fe::1]/', 'metadata'],
    ['https://[2001:0:1::5601:5601]/', 'metadata'],
    ['http://[fe80::5efe:169.254.169.254]/', 'metadata'],
    ['http://169.254.170.2/', 'metadata'],
    ['http://100.100.100.200/', 'metadata'],
    ['http://1684301000/', 'metadata'],
    ['http://168.63.129.16/', 'metadata'],
    ['http://192.0.0.192/', 'metadata'],
    ['http://[fd20:ce::254]/', 'metadata'],
    ['http://metadata/', 'metadata'],
    ['https://metadata.tencentyun.com/', 'metadata'],
    ['http://instance-data/', 'metadata'],
    ['http://0.0.0.0:8000/', 'address'],
    ['http://[::]/', 'address'],
    ['http://224.0.0.1/', 'address'],
    ['http://255.255.255.255/', 'address'],
  ] as const)('may not be %j (%s)', (text, refusal) => {
    expect(guardBaseUrl(text)).toBe(refusal)
    expect(baseUrlRefusals[refusal]).toMatch(/^(is|may|must|leads) .*\.$/)
  })

  it('may be a metadata or link-local address only when the operator has allowed it', () => {
    const metadataHostsAllowed = ['169.254.7.1']
    const check = (text: string) => guardBaseUrl(text, { metadataHostsAllowed })
    expect(check('http://169.254.7.1:8000/v1')).toBeUndefined()
    expect(check('http://169.254.7.2:8000/v1')).toBe('metadata')
    expect(check('http://me:secret@169.254.7.1/')).toBe('credentials')
  })
})

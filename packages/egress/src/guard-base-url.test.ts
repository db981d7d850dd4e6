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
  ])('may be %s, which an operator means', (text) => {
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
    ['http://169.254.169.254/latest', 'address'],
    ['https://169.254.169.254/latest', 'address'],
    ['http://[::ffff:169.254.169.254]/', 'address'],
    ['http://2852039166/', 'address'],
    ['http://[fe80::1]/', 'address'],
    ['http://[fd00:ec2::254]/', 'address'],
    ['http://metadata.google.internal/', 'address'],
    ['http://Metadata.Google.Internal./', 'address'],
    ['http://0.0.0.0:8000/', 'address'],
    ['http://[::]/', 'address'],
    ['http://224.0.0.1/', 'address'],
    ['http://255.255.255.255/', 'address'],
  ] as const)('may not be %j (%s)', (text, refusal) => {
    expect(guardBaseUrl(text)).toBe(refusal)
    expect(baseUrlRefusals[refusal]).toMatch(/^(is|may|must|leads) .*\.$/)
  })
})

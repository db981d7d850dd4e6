import { describe, expect, it } from 'vitest'

import { classifySocketError } from './classify-socket-error.ts'
import type { FailureReason } from './upstream.ts'

const coded = (code: string, more: object = {}) => Object.assign(new Error(code), { code, ...more })

describe('an error of a socket', () => {
  it.each<[string, unknown, FailureReason, boolean]>([
    ['refused', coded('ECONNREFUSED'), 'connect-failed', false],
    [
      'refused at every address',
      new AggregateError([coded('ECONNREFUSED')]),
      'connect-failed',
      false,
    ],
    ['unknown name', coded('ENOTFOUND'), 'connect-failed', false],
    ['resolver unavailable', coded('EAI_AGAIN'), 'connect-failed', false],
    ['connect timeout', coded('UND_ERR_CONNECT_TIMEOUT'), 'connect-failed', false],
    ['timeout of a connect', coded('ETIMEDOUT', { syscall: 'connect' }), 'connect-failed', false],
    ['self-signed', coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'tls-failed', false],
    ['expired', coded('CERT_HAS_EXPIRED'), 'tls-failed', false],
    ['name mismatch', coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls-failed', false],
    ['old TLS', coded('ERR_SSL_UNSUPPORTED_PROTOCOL'), 'tls-failed', false],
    [
      'reset in the handshake',
      Object.assign(
        new Error(
          'Client network socket disconnected before secure TLS connection was established',
        ),
        { code: 'ECONNRESET' },
      ),
      'connect-failed',
      false,
    ],
    ['reset', coded('ECONNRESET'), 'connection-lost', true],
    ['broken pipe', coded('EPIPE'), 'connection-lost', true],
    [
      'closed after a write',
      coded('UND_ERR_SOCKET', { socket: { bytesWritten: 90 } }),
      'connection-lost',
      true,
    ],
    [
      'closed before a write',
      coded('UND_ERR_SOCKET', { socket: { bytesWritten: 0 } }),
      'not-started',
      false,
    ],
    ['no headers in time', coded('UND_ERR_HEADERS_TIMEOUT'), 'timeout', true],
    ['invalid HTTP', coded('HPE_INVALID_CONSTANT'), 'answer-broken', true],
    ['too many headers', coded('UND_ERR_HEADERS_OVERFLOW'), 'answer-broken', true],
    ['unknown', new Error('odd'), 'connection-lost', true],
    ['no error at all', undefined, 'connection-lost', true],
    [
      'wrapped',
      new TypeError('fetch failed', { cause: coded('ECONNREFUSED') }),
      'connect-failed',
      false,
    ],
  ])('before a response: %s', (_name, error, reason, mayHaveProduced) => {
    const failure = classifySocketError(error, { headersSeen: false })
    expect(failure).toMatchObject({ reason, mayHaveProduced })
  })

  it.each<[string, unknown, FailureReason]>([
    ['reset', coded('ECONNRESET'), 'answer-cut'],
    ['closed', coded('UND_ERR_SOCKET'), 'answer-cut'],
    ['shorter than its content-length', coded('UND_ERR_RES_CONTENT_LENGTH_MISMATCH'), 'answer-cut'],
    ['silent', coded('UND_ERR_BODY_TIMEOUT'), 'timeout'],
    ['invalid chunks', coded('HPE_INVALID_CHUNK_SIZE'), 'answer-broken'],
  ])('inside a response, which may be charged: %s', (_name, error, reason) => {
    const failure = classifySocketError(error, { headersSeen: true })
    expect(failure).toMatchObject({ reason, mayHaveProduced: true })
  })
})

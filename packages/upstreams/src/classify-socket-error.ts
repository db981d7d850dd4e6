import { failureOf } from './failure-treatments.ts'
import type { FailureReason, UpstreamFailure } from './upstream.ts'

/** Error codes of Node's sockets and of undici. */
const reasonsByCode: Readonly<Record<string, FailureReason>> = {
  ECONNREFUSED: 'connect-failed',
  ENOTFOUND: 'connect-failed',
  EAI_AGAIN: 'connect-failed',
  EAI_FAIL: 'connect-failed',
  EHOSTUNREACH: 'connect-failed',
  ENETUNREACH: 'connect-failed',
  ENETDOWN: 'connect-failed',
  EADDRNOTAVAIL: 'connect-failed',
  EMFILE: 'connect-failed',
  UND_ERR_CONNECT_TIMEOUT: 'connect-failed',
  UND_ERR_MAX_ORIGINS_REACHED: 'connect-failed',
  UND_ERR_INVALID_ARG: 'misconfigured',
  EPROTO: 'tls-failed',
  CERT_HAS_EXPIRED: 'tls-failed',
  CERT_NOT_YET_VALID: 'tls-failed',
  CERT_UNTRUSTED: 'tls-failed',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls-failed',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls-failed',
  UNABLE_TO_GET_ISSUER_CERT: 'tls-failed',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls-failed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls-failed',
  HOSTNAME_MISMATCH: 'tls-failed',
  ECONNRESET: 'connection-lost',
  ECONNABORTED: 'connection-lost',
  EPIPE: 'connection-lost',
  ETIMEDOUT: 'connection-lost',
  UND_ERR_SOCKET: 'connection-lost',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'answer-cut',
  UND_ERR_HEADERS_OVERFLOW: 'answer-broken',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'answer-too-large',
  // The dispatcher is closing.
  UND_ERR_CLOSED: 'aborted',
  UND_ERR_DESTROYED: 'aborted',
}

const reasonsByPrefix: readonly [string, FailureReason][] = [
  ['ERR_TLS_', 'tls-failed'],
  ['ERR_SSL_', 'tls-failed'],
  // Errors of the HTTP parser.
  ['HPE_', 'answer-broken'],
]

/**
 * Classifies a socket error for dispatch. `headersSeen`: whether response headers were received. Pure.
 */
export function classifySocketError(
  error: unknown,
  { headersSeen }: { headersSeen: boolean },
): UpstreamFailure {
  const code = codeOf(error)
  const reason = reasonOfCode(code)
  if (headersSeen && reason === 'connection-lost') return failureOf('answer-cut')
  if (headersSeen) return failureOf(reason, { mayHaveProduced: true })
  if (reason === 'connection-lost' && wasConnecting(error)) return failureOf('connect-failed')
  if (reason === 'connection-lost' && nothingWritten(error)) return failureOf('not-started')
  return failureOf(reason)
}

function reasonOfCode(code: string | undefined): FailureReason {
  if (code === undefined) return 'connection-lost'
  const prefixed = reasonsByPrefix.find(([prefix]) => code.startsWith(prefix))
  return reasonsByCode[code] ?? prefixed?.[1] ?? 'connection-lost'
}

/** The first code of an error, its aggregated errors (one per address tried) and its causes. */
function codeOf(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > 4) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  const aggregated: unknown = error instanceof AggregateError ? error.errors[0] : undefined
  return (
    codeOf(aggregated, depth + 1) ?? codeOf('cause' in error ? error.cause : undefined, depth + 1)
  )
}

function wasConnecting(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const syscall = 'syscall' in error ? error.syscall : undefined
  // Node uses the same code for a reset during the handshake and one inside a response.
  return syscall === 'connect' || error.message.includes('before secure TLS connection')
}

// undici reports the bytes sent over the socket; 0 means that the request was not sent.
function nothingWritten(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('socket' in error)) return false
  const { socket } = error
  if (typeof socket !== 'object' || socket === null || !('bytesWritten' in socket)) return false
  return socket.bytesWritten === 0
}

import type { Log } from '@sluice/kernel/log'
import { pino, stdSerializers, stdTimeFunctions } from 'pino'
import type { DestinationStream } from 'pino'

import { redactText } from './redact-text.ts'

export type { Log } from '@sluice/kernel/log'

export type LogLevel = 'silent' | 'fatal' | 'error' | 'warn' | 'info' | 'debug'

export interface LogOptions {
  /** The name of the service, in every line. */
  name: string
  level: LogLevel
  /** Standard output by default. */
  destination?: DestinationStream
}

const secretKeys = ['secret', 'password', 'token', 'apiKey', 'authorization', 'cookie']

/**
 * A log of JSON lines. Secrets are redacted twice: by the path of a value of any type, and by pattern
 * in the serialized line, which also covers errors, messages and deeper objects.
 */
export function createLog({ name, level, destination }: LogOptions): Log {
  const paths = secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`])
  return pino(
    {
      name,
      level,
      base: { name, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths, censor: '[redacted]' },
      serializers: { err: stdSerializers.err, error: stdSerializers.err },
      hooks: { streamWrite: redactText },
    },
    // Written synchronously, so that a killed process loses no lines.
    destination ?? pino.destination({ fd: 1, sync: true }),
  )
}

import type { Log, LogLine } from '../log.ts'

export interface RecordedLine {
  level: 'fatal' | 'error' | 'warn' | 'info' | 'debug'
  message: string
  facts: Record<string, unknown>
}

export interface RecordedLog extends Log {
  readonly lines: RecordedLine[]
}

/** A logger that records its lines in memory, so that a test can assert on them. */
export function recordedLog(
  lines: RecordedLine[] = [],
  bindings: Record<string, unknown> = {},
): RecordedLog {
  const lineOf = (level: RecordedLine['level']): LogLine => {
    return (facts: object | string, message?: string) => {
      const fields = typeof facts === 'string' ? {} : facts
      const text = typeof facts === 'string' ? facts : (message ?? '')
      lines.push({ level, message: text, facts: { ...bindings, ...fields } })
    }
  }
  return {
    lines,
    fatal: lineOf('fatal'),
    error: lineOf('error'),
    warn: lineOf('warn'),
    info: lineOf('info'),
    debug: lineOf('debug'),
    child: (facts) => recordedLog(lines, { ...bindings, ...facts }),
  }
}

import type { Log, LogLine } from '../log.ts'

export interface RecordedLine {
  level: 'fatal' | 'error' | 'warn' | 'info' | 'debug'
  message: string
  facts: Record<string, unknown>
}

export interface RecordedLog extends Log {
  readonly lines: RecordedLine[]
}

/** A log that keeps its lines, so that a test can say what an operator would have seen. */
export function recordedLog(
  lines: RecordedLine[] = [],
  bindings: Record<string, unknown> = {},
): RecordedLog {
  const at = (level: RecordedLine['level']): LogLine => {
    return (facts: object | string, message?: string) => {
      const own = typeof facts === 'string' ? {} : facts
      const text = typeof facts === 'string' ? facts : (message ?? '')
      lines.push({ level, message: text, facts: { ...bindings, ...own } })
    }
  }
  return {
    lines,
    fatal: at('fatal'),
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: (facts) => recordedLog(lines, { ...bindings, ...facts }),
  }
}

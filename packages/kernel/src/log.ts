/** Writes one log line: structured fields first, then the message. An error belongs in the field `err`. */
export interface LogLine {
  (facts: object, message: string): void
  (message: string): void
}

/** The logger of a module. The adapter redacts secrets, not the callers. */
export interface Log {
  fatal: LogLine
  error: LogLine
  warn: LogLine
  info: LogLine
  debug: LogLine
  /** A logger that adds these fields to every line. */
  child(facts: Record<string, unknown>): Log
}

/** One line of a log: facts first, then a sentence. An error goes under the key `err`. */
export interface LogLine {
  (facts: object, message: string): void
  (message: string): void
}

/** Where a module writes what happened. Secrets are redacted by the adapter, not by its callers. */
export interface Log {
  fatal: LogLine
  error: LogLine
  warn: LogLine
  info: LogLine
  debug: LogLine
  /** A log whose lines all carry these facts. */
  child(facts: Record<string, unknown>): Log
}

/** Something under measurement: one listening process (with its children). */
export interface Target {
  name: string
  port: number
  pid: number
  /** Headers that this target needs beside the common ones. */
  headers?: Record<string, string>
  /** Where the chat route is, when not at `/v1/chat/completions`. */
  path?: string
  stop: () => void | Promise<void>
}

/** A measured server: one listening process with its children. */
export interface Target {
  name: string
  port: number
  pid: number
  /** Headers that this target requires in addition to the common ones. */
  headers?: Record<string, string>
  /** The path of the chat route, if not `/v1/chat/completions`. */
  path?: string
  stop: () => void | Promise<void>
}

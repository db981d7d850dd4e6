/** What tabs of one person tell each other: the ids of tasks that were made. */
export interface TabTalk {
  say: (taskId: string) => void
  /** Hears the other tabs until the answer is called. */
  listen: (hear: (taskId: string) => void) => () => void
}

/** Without BroadcastChannel, and on the server, nobody hears anything. */
export function tabTalk(userId: string): TabTalk {
  const open = () =>
    typeof BroadcastChannel === 'undefined' || typeof document === 'undefined'
      ? undefined
      : new BroadcastChannel(`sluice-tasks-${userId}`)
  return {
    say: (taskId) => {
      const channel = open()
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has one origin
      channel?.postMessage(taskId)
      channel?.close()
    },
    listen: (hear) => {
      const channel = open()
      channel?.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        if (typeof data === 'string') hear(data)
      })
      return () => channel?.close()
    },
  }
}

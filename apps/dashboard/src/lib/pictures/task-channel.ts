/** Broadcasts the ids of new tasks to the other tabs of the same user. */
export interface TaskChannel {
  publish: (taskId: string) => void
  /** Receives ids of other tabs until the returned function is called. */
  subscribe: (onTask: (taskId: string) => void) => () => void
}

/** Without BroadcastChannel, and on the server, it does nothing. */
export function taskChannel(userId: string): TaskChannel {
  const open = () =>
    typeof BroadcastChannel === 'undefined' || typeof document === 'undefined'
      ? undefined
      : new BroadcastChannel(`sluice-tasks-${userId}`)
  return {
    publish: (taskId) => {
      const channel = open()
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has one origin
      channel?.postMessage(taskId)
      channel?.close()
    },
    subscribe: (onTask) => {
      const channel = open()
      channel?.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        if (typeof data === 'string') onTask(data)
      })
      return () => channel?.close()
    },
  }
}

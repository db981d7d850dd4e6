/** Said to the window when there is something to show; the Toaster listens. */
export const TOAST_EVENT = 'sluice-toast'

/** What a toast may carry besides its sentence. */
export type ToastExtra = {
  /** A second line: what to do, or what it cost. */
  description?: string
  /** A button: "Undo". */
  action?: { label: string; onClick: () => void }
}

const say = (kind: 'success' | 'error' | 'message' | 'warning') => {
  return (sentence: string, extra: ToastExtra = {}): void => {
    // The library comes with the first toast, and keeps what it is told until there is a Toaster.
    window.dispatchEvent(new Event(TOAST_EVENT))
    void import('svelte-sonner').then(({ toast }) => toast[kind](sentence, extra))
  }
}

/**
 * Says in passing that something was done or failed: `toast.ok('Key saved')`. Browser only. What a
 * person must read, or what fails inside a dialog, is an ErrorNote in its place instead.
 */
export const toast = {
  ok: say('success'),
  bad: say('error'),
  warn: say('warning'),
  say: say('message'),
}

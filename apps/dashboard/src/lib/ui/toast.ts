/** Dispatched on the window when there is a toast to show; the Toaster listens. */
export const TOAST_EVENT = 'sluice-toast'

/** Optional parts of a toast. */
export type ToastExtra = {
  /** A second line: what to do, or the cost. */
  description?: string
  /** A button: "Undo". */
  action?: { label: string; onClick: () => void }
}

const toastOf = (kind: 'success' | 'error' | 'message' | 'warning') => {
  return (sentence: string, extra: ToastExtra = {}): void => {
    // The library is loaded with the first toast and queues toasts until the Toaster is mounted.
    window.dispatchEvent(new Event(TOAST_EVENT))
    void import('svelte-sonner').then(({ toast }) => toast[kind](sentence, extra))
  }
}

/**
 * Shows a short notice: `toast.ok('Key saved')`. Browser only. Important messages and errors inside a dialog use
 * ErrorNote instead.
 */
export const toast = {
  ok: toastOf('success'),
  bad: toastOf('error'),
  warn: toastOf('warning'),
  info: toastOf('message'),
}

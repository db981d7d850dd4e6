import type { Attachment } from 'svelte/attachments'

const wakers = ['pointerenter', 'focusin', 'click']

/**
 * Shows `text` next to an element while it is pointed at or focused; Esc hides it and nothing else.
 * The text is visual only: provide it to screen readers by `aria-label` or `aria-describedby`. The layer is loaded
 * at the first hover or focus.
 */
export function tooltip(text: string | undefined): Attachment<HTMLElement> {
  return (anchor) => {
    if (!text) return undefined
    let isGone = false
    let end = () => {}
    const sleep = () => wakers.forEach((type) => anchor.removeEventListener(type, wake))
    const wake = async (event: Event) => {
      sleep()
      const { showTooltip } = await import('./tooltip-layer.ts')
      if (!isGone) end = showTooltip(anchor, text, event)
    }
    wakers.forEach((type) => anchor.addEventListener(type, wake))
    return () => {
      isGone = true
      sleep()
      end()
    }
  }
}

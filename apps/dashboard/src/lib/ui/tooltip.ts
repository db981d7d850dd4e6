import type { Attachment } from 'svelte/attachments'
import { layerHome, placeNear } from './place-near.ts'

/** A pointer that only passes by asks for nothing. */
const REST_MS = 350
/** Time to move the pointer from the thing onto its tooltip (WCAG 1.4.13, hoverable). */
const LEAVE_MS = 120

/**
 * Shows `text` next to an element while it is pointed at or focused; Esc hides it and nothing else.
 * The text is an addition for the eye: give screen readers theirs by `aria-label` or `aria-describedby`.
 */
export function tooltip(text: string | undefined): Attachment<HTMLElement> {
  return (anchor) => {
    if (!text) return undefined
    let layer: HTMLElement | undefined
    let timer: ReturnType<typeof setTimeout> | undefined

    const later = (act: () => void, delayMs: number) => {
      clearTimeout(timer)
      timer = setTimeout(act, delayMs)
    }
    const show = () => {
      clearTimeout(timer)
      if (layer) return
      layer = document.createElement('div')
      layer.className = 'tooltip'
      layer.popover = 'manual'
      layer.textContent = text
      layer.ariaHidden = 'true'
      layer.addEventListener('pointerenter', () => clearTimeout(timer))
      layer.addEventListener('pointerleave', () => later(hide, LEAVE_MS))
      layerHome(anchor).append(layer)
      layer.showPopover()
      placeNear(anchor, layer, { side: 'above', align: 'centre' })
      document.addEventListener('keydown', leaveByKey, true)
      window.addEventListener('scroll', hide, { capture: true, passive: true, once: true })
    }
    const hide = () => {
      clearTimeout(timer)
      layer?.remove()
      layer = undefined
      document.removeEventListener('keydown', leaveByKey, true)
      window.removeEventListener('scroll', hide, true)
    }
    const leaveByKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      hide()
      // One Esc closes one layer: the dialog below stays.
      event.preventDefault()
      event.stopPropagation()
    }
    const enter = (event: PointerEvent) => {
      if (event.pointerType !== 'touch') later(show, REST_MS)
    }
    const leave = () => later(hide, LEAVE_MS)
    const focus = () => {
      if (anchor.matches(':focus-visible')) show()
    }
    // A touch has no hover: a tap on what is switched off says why.
    const tap = () => {
      if (anchor.ariaDisabled === 'true') show()
      else hide()
    }

    anchor.addEventListener('pointerenter', enter)
    anchor.addEventListener('pointerleave', leave)
    anchor.addEventListener('focusin', focus)
    anchor.addEventListener('focusout', hide)
    anchor.addEventListener('click', tap)
    return () => {
      hide()
      anchor.removeEventListener('pointerenter', enter)
      anchor.removeEventListener('pointerleave', leave)
      anchor.removeEventListener('focusin', focus)
      anchor.removeEventListener('focusout', hide)
      anchor.removeEventListener('click', tap)
    }
  }
}

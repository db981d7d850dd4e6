import { systemClock } from '@sluice/kernel/clock'

import { layerHome, positionNear } from './position-near.ts'

/** Delay, so that a passing pointer opens no tooltip. */
const REST_MS = 350
/** Time to move the pointer from the element onto its tooltip (WCAG 1.4.13, hoverable). */
const LEAVE_MS = 120

/** Shows and hides the tooltip of an element; `first` is the event that loaded it. Returns the cleanup. */
export function showTooltip(anchor: HTMLElement, text: string, first: Event): () => void {
  let layer: HTMLElement | undefined
  let forget: (() => void) | undefined

  const later = (action: () => void, delayMs: number) => {
    forget?.()
    forget = systemClock.after(delayMs, action)
  }
  const show = () => {
    forget?.()
    if (layer) return
    layer = document.createElement('div')
    layer.className = 'tooltip'
    layer.popover = 'manual'
    layer.textContent = text
    layer.ariaHidden = 'true'
    layer.addEventListener('pointerenter', () => forget?.())
    layer.addEventListener('pointerleave', () => later(hide, LEAVE_MS))
    layerHome(anchor).append(layer)
    layer.showPopover()
    positionNear(anchor, layer, { side: 'above', align: 'centre' })
    document.addEventListener('keydown', leaveByKey, true)
    window.addEventListener('scroll', hide, { capture: true, passive: true, once: true })
  }
  const hide = () => {
    forget?.()
    layer?.remove()
    layer = undefined
    document.removeEventListener('keydown', leaveByKey, true)
    window.removeEventListener('scroll', hide, true)
  }
  const leaveByKey = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return
    hide()
    // One Esc closes one layer: the dialog below stays open.
    event.preventDefault()
    event.stopPropagation()
  }
  const enter = (event: Event) => {
    const isTouch = event instanceof PointerEvent && event.pointerType === 'touch'
    if (!isTouch && anchor.matches(':hover')) later(show, REST_MS)
  }
  const leave = () => later(hide, LEAVE_MS)
  const focus = () => {
    if (anchor.matches(':focus-visible')) show()
  }
  // Touch has no hover: a tap on a disabled control shows its reason.
  const tap = () => {
    if (anchor.ariaDisabled === 'true') show()
    else hide()
  }
  const actions = {
    pointerenter: enter,
    pointerleave: leave,
    focusin: focus,
    focusout: hide,
    click: tap,
  }
  for (const [type, action] of Object.entries(actions)) anchor.addEventListener(type, action)
  Object.entries(actions).find(([type]) => type === first.type)?.[1](first)
  return () => {
    hide()
    for (const [type, action] of Object.entries(actions)) anchor.removeEventListener(type, action)
  }
}

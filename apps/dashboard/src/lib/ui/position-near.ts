export type Side = 'above' | 'below'
export type Align = 'start' | 'centre' | 'end'

/** Distance of a layer from its anchor, and from the window's edge. */
const GAP_PX = 6
const EDGE_PX = 8

export type Box = { top: number; bottom: number; left: number; right: number }
export type Size = { width: number; height: number }

/** The position of a layer: on the preferred side if it fits there or nowhere, and within the window. */
export function decidePosition(
  anchor: Box,
  layer: Size,
  room: Size,
  preferred: { side: Side; align: Align },
): { left: number; top: number } {
  const above = anchor.top - GAP_PX - layer.height
  const below = anchor.bottom + GAP_PX
  const fits = { above: above >= EDGE_PX, below: below + layer.height <= room.height - EDGE_PX }
  const other: Side = preferred.side === 'above' ? 'below' : 'above'
  const side = !fits[preferred.side] && fits[other] ? other : preferred.side
  const lefts = {
    start: anchor.left,
    centre: (anchor.left + anchor.right - layer.width) / 2,
    end: anchor.right - layer.width,
  }
  const left = Math.min(lefts[preferred.align], room.width - EDGE_PX - layer.width)
  const top = side === 'above' ? above : below
  return { left: Math.max(EDGE_PX, left), top: Math.max(EDGE_PX, top) }
}

/** Positions a visible, fixed layer next to its anchor. Uses the CSSOM, which a strict CSP allows. */
export function positionNear(
  anchor: Element,
  layer: HTMLElement,
  preferred: { side: Side; align: Align },
): void {
  const { left, top } = decidePosition(
    anchor.getBoundingClientRect(),
    layer.getBoundingClientRect(),
    { width: document.documentElement.clientWidth, height: window.innerHeight },
    preferred,
  )
  layer.style.left = `${left}px`
  layer.style.top = `${top}px`
}

/** The parent of a layer: the modal dialog around its anchor, because everything outside is inert. */
export const layerHome = (anchor: Element): Element => anchor.closest('dialog') ?? document.body

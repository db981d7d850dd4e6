/** Marks the element that opens a row; arrow keys move between them. */
const OPENER = '[data-opens]'

/** The row that a key moves to from row `at`; undefined for other keys. */
export function nextRow(key: string, { at, last }: { at: number; last: number }) {
  const moves: Record<string, number> = {
    ArrowDown: Math.min(at + 1, last),
    ArrowUp: Math.max(at - 1, 0),
    Home: 0,
    End: last,
  }
  return Object.hasOwn(moves, key) ? moves[key] : undefined
}

/** Arrows, Home and End move between rows while a row's opener has the focus. */
export function moveByKey(event: KeyboardEvent): void {
  const { target } = event
  if (!(target instanceof HTMLElement) || !target.matches(OPENER)) return
  const table = target.closest('table')
  const openers = [...(table?.querySelectorAll<HTMLElement>(OPENER) ?? [])]
  const next = nextRow(event.key, { at: openers.indexOf(target), last: openers.length - 1 })
  if (next === undefined) return
  event.preventDefault()
  openers[next]?.focus()
}

/** A click in a row clicks its opener, unless it hits a control inside or selects text. */
export function openByRow(event: MouseEvent): void {
  const { target, currentTarget } = event
  if (!(target instanceof Element) || !(currentTarget instanceof Element)) return
  if (target.closest('a, button, input, select, textarea, label')) return
  if (window.getSelection()?.toString()) return
  currentTarget.querySelector<HTMLElement>(OPENER)?.click()
}

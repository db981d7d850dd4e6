/**
 * Attachment for an element in a modal layer that gets the focus when the layer opens. Otherwise the first
 * button gets it, its tooltip opens, and the first Esc closes only the tooltip. Needed because Svelte's `autofocus`
 * does not set the attribute that `showModal` looks for.
 */
export function focusFirst(element: HTMLElement): void {
  element.tabIndex = -1
  element.setAttribute('autofocus', '')
}

/**
 * Attached to something in a modal layer: it has the focus when the layer opens. Else the first button
 * has it, its tooltip opens, and the first Esc closes only that. By hand, because Svelte's own `autofocus`
 * does not write the attribute, and `showModal` looks for it.
 */
export function focusFirst(element: HTMLElement): void {
  element.tabIndex = -1
  element.setAttribute('autofocus', '')
}

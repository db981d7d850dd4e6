export type Shortcut = 'palette' | 'filter'

/** The used properties of a key press. */
type Press = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'isComposing'> & {
  target: unknown
}

/** The shortcut of a key press, if any. Single characters are ignored while the user types. */
export function readShortcut(press: Press): Shortcut | undefined {
  if (press.isComposing || press.altKey) return undefined
  const mod = press.ctrlKey || press.metaKey
  if (mod) return press.key.toLowerCase() === 'k' ? 'palette' : undefined
  return press.key === '/' && !isWriting(press.target) ? 'filter' : undefined
}

function isWriting(target: unknown): boolean {
  if (typeof target !== 'object' || target === null) return false
  if ('isContentEditable' in target && target.isContentEditable === true) return true
  const name = 'tagName' in target ? String(target.tagName) : ''
  return ['INPUT', 'TEXTAREA', 'SELECT'].includes(name.toUpperCase())
}

import { fileURLToPath } from 'node:url'

// Route folders have parentheses in their names: `(auth)`.
const FRAME = /(file:\/\/|\s\(?)(\/.*?):\d+:\d+\)?$/

/**
 * True for an unhandled rejection of the panel: the innermost stack frame outside Node's own code is in
 * `folder`. Panel pages hold no state of the gateway, so such a rejection affects one page and must not end
 * the process.
 */
export function isPanelError(rejection: unknown, folder: string): boolean {
  if (!(rejection instanceof Error)) return false
  const frames = (rejection.stack ?? '').split('\n').filter((line) => !line.includes('node:'))
  const innermost = frames.map(pathOf).find((path) => path !== undefined)
  return innermost?.startsWith(`${folder}/`) ?? false
}

function pathOf(frame: string): string | undefined {
  const [, before, path] = FRAME.exec(frame) ?? []
  // File URLs percent-encode spaces and non-ASCII letters.
  return path !== undefined && before === 'file://' ? fileURLToPath(`file://${path}`) : path
}

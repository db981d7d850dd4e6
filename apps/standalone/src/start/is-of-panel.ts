import { fileURLToPath } from 'node:url'

// Folders of pages have brackets in their names: `(auth)`.
const FRAME = /(file:\/\/|\s\(?)(\/.*?):\d+:\d+\)?$/

/**
 * True for a rejection that a page of the panel forgot to hear: the innermost place that is not Node's own
 * lies in `folder`. Pages read and hold nothing of ours: what one of them forgets is a page that was not
 * shown, and no reason to end the gateway for everybody.
 */
export function isOfPanel(rejection: unknown, folder: string): boolean {
  if (!(rejection instanceof Error)) return false
  const frames = (rejection.stack ?? '').split('\n').filter((line) => !line.includes('node:'))
  const place = frames.map(pathOf).find((path) => path !== undefined)
  return place?.startsWith(`${folder}/`) ?? false
}

function pathOf(frame: string): string | undefined {
  const [, before, path] = FRAME.exec(frame) ?? []
  // Modules are named by URL, in which spaces and letters beyond ASCII are encoded.
  return path !== undefined && before === 'file://' ? fileURLToPath(`file://${path}`) : path
}

// Folders of pages have brackets in their names: `(auth)`.
const FRAME = /(?:file:\/\/|\s\(?)(\/.*?):\d+:\d+\)?$/

/**
 * True for a rejection that a page of the panel forgot to hear: the innermost place that is not Node's own
 * lies in `folder`. Pages read and hold nothing of ours: what one of them forgets is a page that was not
 * shown, and no reason to end the gateway for everybody.
 */
export function isOfPanel(rejection: unknown, folder: string): boolean {
  if (!(rejection instanceof Error)) return false
  const frames = (rejection.stack ?? '').split('\n').filter((line) => !line.includes('node:'))
  const place = frames.map((line) => FRAME.exec(line)?.[1]).find((path) => path !== undefined)
  return place?.startsWith(`${folder}/`) ?? false
}

import type { LongText } from '../long-text.ts'

/** Maximum number of links examined per text. */
const LINKS_MAX = 20
const START = '/p/img/img_'
const LINK_CHARS_MAX = 1_024
const LINK = /^\/p\/img\/img_[0-9a-f]{32}\/(?:0|[1-9]\d?)(?![\w/])(?:\?[\w%&=.~-]*)?/

/**
 * The picture links of this installation in a text, as paths with signatures, in order and without
 * duplicates: `https://host/p/img/…` or `/p/img/…`, plain or in Markdown. Searches from the end, so that the
 * last ones are found in a long text.
 */
export function ownPictureLinks(text: string | LongText): string[] {
  const found: string[] = []
  let at = text.lastIndexOf(START, typeof text === 'string' ? text.length : text.byteLength)
  for (let tries = 0; at !== -1 && tries < LINKS_MAX; tries += 1) {
    const piece = text.slice(at, endFrom(text, at))
    const link = typeof piece === 'string' ? LINK.exec(piece)?.[0] : undefined
    if (link !== undefined && !found.includes(link)) found.unshift(link)
    at = at === 0 ? -1 : text.lastIndexOf(START, at - 1)
  }
  return found
}

// Links contain no escapes, and a piece must not end inside of one.
function endFrom(text: string | LongText, at: number): number {
  const escape = text.indexOf('\\', at)
  return Math.min(at + LINK_CHARS_MAX, escape === -1 ? Number.POSITIVE_INFINITY : escape)
}

/** Whether the whole text is the path of such a link. */
export function isOwnPictureLink(text: string): boolean {
  return text.length <= LINK_CHARS_MAX && LINK.exec(text)?.[0] === text
}

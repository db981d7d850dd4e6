/*
 * Letters as strokes on a grid of 4 × 6: the sandbox guarantees the same bytes for the same request, whatever fonts
 * are installed.
 */
const glyphs: Readonly<Record<string, string>> = {
  A: 'M0 6L2 0L4 6M.7 4H3.3',
  B: 'M0 0V6H2.4Q4 6 4 4.4Q4 3 2.4 3H0M2.4 3Q3.7 3 3.7 1.5Q3.7 0 2.4 0H0',
  C: 'M4 1Q3.4 0 2.2 0Q0 0 0 3Q0 6 2.2 6Q3.4 6 4 5',
  D: 'M0 0V6H1.6Q4 6 4 3Q4 0 1.6 0Z',
  E: 'M4 0H0V6H4M0 3H3',
  F: 'M4 0H0V6M0 3H3',
  G: 'M4 1Q3.4 0 2.2 0Q0 0 0 3Q0 6 2.2 6Q4 6 4 3.4H2.4',
  H: 'M0 0V6M4 0V6M0 3H4',
  I: 'M2 0V6M1 0H3M1 6H3',
  J: 'M4 0V4Q4 6 2 6Q0 6 0 4.4',
  K: 'M0 0V6M4 0L0 3.4M1.4 2.3L4 6',
  L: 'M0 0V6H4',
  M: 'M0 6V0L2 3L4 0V6',
  N: 'M0 6V0L4 6V0',
  O: 'M2 0Q0 0 0 3Q0 6 2 6Q4 6 4 3Q4 0 2 0Z',
  P: 'M0 6V0H2.4Q4 0 4 1.7Q4 3.4 2.4 3.4H0',
  Q: 'M2 0Q0 0 0 3Q0 6 2 6Q4 6 4 3Q4 0 2 0ZM2.6 4.4L4 6',
  R: 'M0 6V0H2.4Q4 0 4 1.7Q4 3.4 2.4 3.4H0M2 3.4L4 6',
  S: 'M3.8 1Q3.3 0 2 0Q.2 0 .2 1.5Q.2 2.7 2 3Q4 3.3 4 4.5Q4 6 2 6Q.4 6 0 5',
  T: 'M0 0H4M2 0V6',
  U: 'M0 0V4Q0 6 2 6Q4 6 4 4V0',
  V: 'M0 0L2 6L4 0',
  W: 'M0 0L1 6L2 2L3 6L4 0',
  X: 'M0 0L4 6M4 0L0 6',
  Y: 'M0 0L2 3L4 0M2 3V6',
  Z: 'M0 0H4L0 6H4',
  '0': 'M2 0Q0 0 0 3Q0 6 2 6Q4 6 4 3Q4 0 2 0ZM1 4.8L3 1.2',
  '1': 'M.8 1.2L2 0V6M.8 6H3.2',
  '2': 'M0 1.3Q.3 0 2 0Q4 0 4 1.6Q4 3 0 6H4',
  '3': 'M0 .7Q.7 0 2 0Q3.8 0 3.8 1.5Q3.8 3 1.6 3Q4 3 4 4.5Q4 6 2 6Q.6 6 0 5.2',
  '4': 'M3 6V0L0 4.2H4',
  '5': 'M3.8 0H.4L.2 2.6Q4 1.8 4 4.2Q4 6 2 6Q.6 6 0 5.2',
  '6': 'M3.5 .5Q0 0 0 4Q0 6 2 6Q4 6 4 4.2Q4 2.5 2 2.5Q.3 2.5 0 4',
  '7': 'M0 0H4L1.4 6',
  '8': 'M2 3Q.4 3 .4 1.5Q.4 0 2 0Q3.6 0 3.6 1.5Q3.6 3 2 3Q0 3 0 4.5Q0 6 2 6Q4 6 4 4.5Q4 3 2 3',
  '9': 'M4 2Q4 0 2 0Q0 0 0 1.8Q0 3.5 2 3.5Q3.7 3.5 4 2Q4 6 .5 5.5',
  '.': 'M2 5.8V6',
  ',': 'M2.2 5.6L1.6 6.8',
  ':': 'M2 2V2.2M2 5.2V5.4',
  ';': 'M2.2 2V2.2M2.2 5.2L1.6 6.6',
  '!': 'M2 0V4M2 5.8V6',
  '?': 'M.2 1.2Q.5 0 2 0Q4 0 3.8 1.6Q3.6 2.6 2 3.2V4M2 5.8V6',
  '-': 'M.8 3H3.2',
  _: 'M0 6H4',
  "'": 'M2 0V1.4',
  '"': 'M1.4 0V1.4M2.6 0V1.4',
  '(': 'M3 -.4Q1 3 3 6.4',
  ')': 'M1 -.4Q3 3 1 6.4',
  '/': 'M.4 6L3.6 0',
  '+': 'M2 1.4V4.6M.4 3H3.6',
  '=': 'M.6 2.2H3.4M.6 3.8H3.4',
  '&': 'M4 6L1 1.6Q.6 0 1.8 0Q3 0 2.8 1.3Q2.4 2.3 1 3Q0 3.6 0 4.6Q0 6 1.6 6Q3.4 6 4 3.4',
  '#': 'M1.3 0L.7 6M3.3 0L2.7 6M0 2H4M0 4H4',
  '…': 'M.5 5.8V6M2 5.8V6M3.5 5.8V6',
  ' ': '',
}

const ADVANCE = 6
const HEIGHT = 6
const unknown = 'M.5 0H3.5V6H.5Z'

/** The width of a line at a letter height of `size`. */
export function strokeWidthOf(text: string, size: number): number {
  return (([...text].length * ADVANCE - 2) * size) / HEIGHT
}

/** A line of text as an SVG group with its upper left corner at (x, y); unknown letters become boxes. */
export function strokeText({
  text,
  x,
  y,
  size,
}: {
  text: string
  x: number
  y: number
  size: number
}) {
  const scale = size / HEIGHT
  const paths = [...text].map((letter, at) => {
    const path = glyphs[letter.toUpperCase()] ?? unknown
    return path === '' ? '' : `<path transform="translate(${at * ADVANCE} 0)" d="${path}"/>`
  })
  const transform = `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${scale.toFixed(4)})`
  const pen = 'fill="none" stroke-width=".7" stroke-linecap="round" stroke-linejoin="round"'
  return `<g transform="${transform}" ${pen}>${paths.join('')}</g>`
}

/** The text without accents; other unknown letters are rendered as boxes. */
export function plainLetters(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '')
}

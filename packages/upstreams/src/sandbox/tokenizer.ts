/** Counts tokens of the o200k encoding. */
export interface Tokenizer {
  count(text: string): number
}

/** Tokens beyond this length are extrapolated, since counting blocks the process. */
const COUNTED_CHARS_MAX = 200_000
/** Long texts are counted in pieces, since the time is quadratic in the length of a run without spaces. */
const PIECE_CHARS_MAX = 1_000

/** Loads the tokenizer (0.1 to 0.5 s, 50 MB) on first use. */
export function lazyTokenizer(): () => Promise<Tokenizer> {
  let loading: Promise<Tokenizer> | undefined
  return () => (loading ??= load())
}

async function load(): Promise<Tokenizer> {
  const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base')
  // Control tokens in a caller's text are counted as text.
  const options = { disallowedSpecial: new Set<string>() }
  return {
    count: (text) => {
      const counted = text.slice(0, COUNTED_CHARS_MAX)
      const pieces = piecesOf(counted)
      const tokens = pieces.reduce((sum, piece) => sum + countTokens(piece, options), 0)
      return counted.length === text.length ? tokens : scaled(tokens, counted.length, text.length)
    },
  }
}

/** Splits at token boundaries (before a single space) if possible, else at the maximum length of a piece. */
export function piecesOf(text: string): string[] {
  const pieces: string[] = []
  let rest = text
  while (rest.length > PIECE_CHARS_MAX) {
    const cut = lastWordStart(rest.slice(0, PIECE_CHARS_MAX)) ?? evenCut(rest)
    pieces.push(rest.slice(0, cut))
    rest = rest.slice(cut)
  }
  return [...pieces, rest]
}

function lastWordStart(text: string): number | undefined {
  for (
    let at = text.lastIndexOf(' ', text.length - 2);
    at > 0;
    at = text.lastIndexOf(' ', at - 1)
  ) {
    if (/\S \S/.test(text.slice(at - 1, at + 2))) return at
  }
  return undefined
}

// Does not split the surrogate pair of a character outside the basic plane.
function evenCut(text: string): number {
  const code = text.charCodeAt(PIECE_CHARS_MAX - 1)
  return code >= 0xd800 && code < 0xdc00 ? PIECE_CHARS_MAX - 1 : PIECE_CHARS_MAX
}

function scaled(tokens: number, counted: number, all: number): number {
  return Math.ceil((tokens / counted) * all)
}

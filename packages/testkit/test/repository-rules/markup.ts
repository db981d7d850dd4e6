/** A literal text of a .svelte file that users or screen readers read: between tags or in an attribute. */
export interface VisibleText {
  line: number
  text: string
}

/** Attributes of elements and components whose literals are visible to users. */
const VISIBLE_ATTRIBUTES =
  /^(aria-(label|description|roledescription|valuetext)|alt|label|placeholder|title)$/

/** Finds literal texts and attributes in the markup; everything in braces is code. */
export function visibleTextsOf(svelte: string): VisibleText[] {
  const markup = withoutCode(svelte)
  const texts: VisibleText[] = []
  const add = (from: number, text: string) => {
    const visible = text.replaceAll(/&\w+;/g, ' ').trim()
    if (visible === '') return
    const lead = text.length - text.trimStart().length
    texts.push({ line: markup.slice(0, from + lead).split('\n').length, text: visible })
  }
  let at = 0
  while (at < markup.length) {
    if (markup[at] === '{') at = endOfBraces(markup, at)
    else if (/^<\/?[a-zA-Z]/.test(markup.slice(at, at + 3))) {
      const end = endOfTag(markup, at)
      for (const { from, name, text } of literalsOf(markup, at, end))
        if (VISIBLE_ATTRIBUTES.test(name)) add(from, text)
      at = end
    } else {
      const end = nextOf(markup, at + 1)
      add(at, markup.slice(at, end))
      at = end
    }
  }
  return texts
}

/** The same text with scripts, styles and comments blanked, so that line numbers stay the same. */
export function withoutCode(svelte: string): string {
  const parts = /<(script|style)\b[\s\S]*?<\/\1>|<!--[\s\S]*?-->/g
  return svelte.replaceAll(parts, (part) => part.replaceAll(/[^\n]/g, ' '))
}

function nextOf(markup: string, from: number): number {
  const found = markup.slice(from).search(/\{|<\/?[a-zA-Z]/)
  return found === -1 ? markup.length : from + found
}

function endOfTag(markup: string, from: number): number {
  for (let at = from; at < markup.length;) {
    const character = markup[at] ?? ''
    if (character === '>') return at + 1
    if (character === '{') at = endOfBraces(markup, at)
    else if (character === '"' || character === "'") at = endOfQuoted(markup, at)
    else at += 1
  }
  return markup.length
}

// Strings in an expression may contain braces.
function endOfBraces(markup: string, from: number): number {
  let depth = 0
  for (let at = from; at < markup.length;) {
    const character = markup[at] ?? ''
    if (/["'`]/.test(character)) {
      at = endOfQuoted(markup, at)
      continue
    }
    if (character === '{') depth += 1
    if (character === '}') depth -= 1
    at += 1
    if (depth === 0) return at
  }
  return markup.length
}

function endOfQuoted(markup: string, from: number): number {
  const quote = markup[from] ?? ''
  for (let at = from + 1; at < markup.length; at += 1) {
    if (markup[at] === '\\') at += 1
    else if (markup[at] === quote) return at + 1
  }
  return markup.length
}

/** Attributes with quotes; `{…}` inside the quotes is code. */
function literalsOf(markup: string, from: number, end: number) {
  const tag = markup.slice(from, end)
  return [...tag.matchAll(/\s([\w:-]+)=(?:"([^"]*)"|'([^']*)')/g)].map((found) => ({
    from: from + found.index + 1,
    name: found[1] ?? '',
    text: (found[2] ?? found[3] ?? '').replaceAll(/\{[^}]*\}/g, ''),
  }))
}

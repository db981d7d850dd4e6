/** What runs, if anything does, calls this; nobody of ours defines it. */
const MARK = 'window.hostile=1'

/** Words that people may write, short enough for a name, each of which means something somewhere else. */
export const hostileTexts = {
  image: `<img src=x onerror=${MARK}>`,
  quoted: `"><script>${MARK}</script>`,
  single: `' onmouseover='${MARK}' autofocus onfocus='${MARK}`,
  link: `javascript:${MARK}//https://a.test`,
  curly: `{{constructor.constructor('${MARK}')()}} \${${MARK}} {@html 1}`,
  ends: `</script></title></textarea><script>${MARK}</script>`,
  vector: `<svg/onload=${MARK}>`,
  comment: `--><!--<style>*{display:none}</style>`,
  // Line ends for JavaScript and not for JSON.
  lines: `a\u2028${MARK}\u2029b`,
  // Turns round what is read after it, and is never closed.
  turned: `\u202Egnp.erutcip\u2067\u0590 ${MARK}`,
  entity: '&lt;img src=x&gt; &#x3c;b&#x3e; %3Cscript%3E',
  unbroken: 'W'.repeat(100),
  joined: `\u0301\u0302\u0303`.repeat(30),
} as const

export const hostileList = Object.values(hostileTexts)

/** All of them at once, and five thousand characters without a place to break. */
export const hostileText = [...hostileList, 'M'.repeat(5_000)].join(' ')

/** For places of at most so many characters: as many of them as fit, and no space at the ends. */
export function hostileUpTo(charactersMax: number): string {
  let text = ''
  for (const word of hostileList) {
    const longer = `${text} ${word}`.trim()
    if (longer.length <= charactersMax) text = longer
  }
  return text
}

/** As hostile as an address of e-mail may be. */
export const hostileEmails = [
  "o'onerror'x'-+_.a@hostile.test",
  `${'w'.repeat(200)}@hostile.test`,
] as const

/** Executed by injected scripts; the panel never sets it. */
const MARK = 'window.hostile=1'

/** Injection texts short enough for a name, each for another context. */
export const hostileTexts = {
  image: `<img src=x onerror=${MARK}>`,
  quoted: `"><script>${MARK}</script>`,
  single: `' onmouseover='${MARK}' autofocus onfocus='${MARK}`,
  link: `javascript:${MARK}//https://a.test`,
  curly: `{{constructor.constructor('${MARK}')()}} \${${MARK}} {@html 1}`,
  ends: `</script></title></textarea><script>${MARK}</script>`,
  vector: `<svg/onload=${MARK}>`,
  comment: `--><!--<style>*{display:none}</style>`,
  // Line ends in JavaScript but not in JSON.
  lines: `a\u2028${MARK}\u2029b`,
  // An unclosed right-to-left override.
  turned: `\u202Egnp.erutcip\u2067\u0590 ${MARK}`,
  entity: '&lt;img src=x&gt; &#x3c;b&#x3e; %3Cscript%3E',
  unbroken: 'W'.repeat(100),
  joined: `\u0301\u0302\u0303`.repeat(30),
} as const

export const hostileList = Object.values(hostileTexts)

/** All of them, and five thousand characters without a break opportunity. */
export const hostileText = [...hostileList, 'M'.repeat(5_000)].join(' ')

/** As many of them as fit into `charactersMax`, without outer spaces. */
export function hostileUpTo(charactersMax: number): string {
  let text = ''
  for (const word of hostileList) {
    const longer = `${text} ${word}`.trim()
    if (longer.length <= charactersMax) text = longer
  }
  return text
}

/** Valid hostile e-mail addresses. */
export const hostileEmails = [
  "o'onerror'x'-+_.a@hostile.test",
  `${'w'.repeat(200)}@hostile.test`,
] as const

/**
 * Normalizes a text so that texts that differ only by case, compatibility characters or invisible characters
 * become equal. For model names, in which dots and dashes are significant.
 */
export function foldCase(text: string): string {
  return text
    .normalize('NFKC')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKC')
    .replace(/[\u0307\p{Default_Ignorable_Code_Point}\p{Cc}\p{Z}]/gu, '')
}

/** Two different texts of the list that are equal when folded; undefined when there are none. */
export function findAlike(texts: Iterable<string>): [string, string] | undefined {
  const byFold = new Map<string, string>()
  for (const text of texts) {
    const folded = foldCase(text)
    const other = byFold.get(folded) ?? text
    if (other !== text) return [other, text]
    byFold.set(folded, text)
  }
  return undefined
}

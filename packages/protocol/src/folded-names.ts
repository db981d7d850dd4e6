import { foldCase } from '@sluice/kernel/fold-case'

/**
 * Normalizes a name so that names which some decoder treats as equal become equal: compatibility characters
 * are decomposed (NFKC), case is folded in both directions (`ſ` is `s`, `K` is `k`, `ı` and `İ` are `i`), and
 * only letters and digits remain, so that `maxTokens` equals `max_tokens`. A NUL ends the name, as in C.
 */
export function foldName(name: string): string {
  const [head = ''] = name.split('\0', 1)
  return foldCase(head).replace(/[^\p{L}\p{N}]/gu, '')
}

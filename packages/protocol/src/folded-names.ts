import { foldCase } from '@sluice/kernel/fold-case'

/**
 * The form in which two names that some decoder takes for the same are equal: compatibility characters
 * decomposed (NFKC), case folded in both directions (`ſ` is `s`, `K` is `k`, `ı` and `İ` are `i`), and only
 * letters and digits left, so that `maxTokens` is `max_tokens`. A NUL ends it, as in C.
 */
export function foldName(name: string): string {
  const [head = ''] = name.split('\0', 1)
  return foldCase(head).replace(/[^\p{L}\p{N}]/gu, '')
}

import type { ZxcvbnFactory, ZxcvbnResult } from '@zxcvbn-ts/core'

/** Only this prefix is estimated; a longer suffix cannot make a weak prefix strong enough to matter. */
const ESTIMATED_CHARACTERS_MAX = 32
/** zxcvbn's scale of 0 to 4: below 2, fewer than a million guesses find it. */
const SCORE_MIN = 2

export type Weakness = 'common' | 'repeated' | 'sequence' | 'personal' | 'guessable'

/**
 * Why a password is easy to guess, according to the estimator zxcvbn and its list of 49,000 common passwords;
 * undefined if it is not. `personal` is what an attacker may know, such as the e-mail. The lists are loaded
 * at first use, because most processes never set a password.
 */
export async function passwordWeakness(
  password: string,
  personal: readonly string[],
): Promise<Weakness | undefined> {
  const text = [...password.normalize('NFKC')].slice(0, ESTIMATED_CHARACTERS_MAX).join('')
  const estimator = await (loading ??= loadEstimator())
  const result = estimator.check(text, [...personal])
  return result.score < SCORE_MIN ? reasonOf(result) : undefined
}

let loading: Promise<ZxcvbnFactory> | undefined

async function loadEstimator(): Promise<ZxcvbnFactory> {
  const [{ ZxcvbnFactory: Estimator }, common] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
  ])
  return new Estimator({
    dictionary: common.dictionary,
    graphs: common.adjacencyGraphs,
    maxLength: ESTIMATED_CHARACTERS_MAX,
  })
}

function reasonOf({ sequence }: ZxcvbnResult): Weakness {
  const patterns = sequence.map(({ pattern }) => pattern)
  const lists = sequence.flatMap((match) =>
    'dictionaryName' in match ? [String(match.dictionaryName)] : [],
  )
  if (lists.some((name) => name.startsWith('userInputs'))) return 'personal'
  if (patterns.includes('repeat')) return 'repeated'
  if (lists.length > 0) return 'common'
  return patterns.some((one) => one === 'sequence' || one === 'spatial') ? 'sequence' : 'guessable'
}

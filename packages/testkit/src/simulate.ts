import type { Random } from '@sluice/kernel/random'
import { seededRandom } from '@sluice/kernel/random'

const TRACE_LENGTH_MAX = 25

export interface Action<State> {
  name: string
  /** Relative probability; 1 by default. */
  weight?: number
  /** Changes the state with this random source only. The returned value is printed in the trace. */
  run: (state: State, random: Random) => unknown
}

/**
 * Applies `steps` random actions to a state and checks it after each. A failure reports its seed, its
 * step and a trace of the last actions; the same seed replays it. Keep seeds that ever failed in the
 * test file.
 */
export async function simulate<State>({
  seed,
  steps,
  createState,
  actions,
  check,
}: {
  seed: number
  steps: number
  createState: (random: Random) => State | Promise<State>
  actions: readonly Action<State>[]
  /** Throws when an invariant is violated. */
  check: (state: State) => void | Promise<void>
}): Promise<State> {
  const random = seededRandom(seed)
  const state = await createState(random)
  const trace: string[] = []
  for (let step = 1; step <= steps; step += 1) {
    const action = choose(actions, random)
    try {
      const answer = await action.run(state, random)
      trace.push(`${step} ${action.name}${answer === undefined ? '' : ` → ${show(answer)}`}`)
      await check(state)
    } catch (error) {
      if (trace.length === 0 || !trace.at(-1)?.startsWith(`${step} `)) {
        trace.push(`${step} ${action.name} threw`)
      }
      throw new Error(failure({ seed, step, trace, error }), { cause: error })
    }
    if (trace.length > TRACE_LENGTH_MAX) trace.shift()
  }
  return state
}

function choose<State>(actions: readonly Action<State>[], random: Random): Action<State> {
  const total = actions.reduce((sum, { weight = 1 }) => sum + weight, 0)
  let left = random.next() * total
  for (const action of actions) {
    left -= action.weight ?? 1
    if (left < 0) return action
  }
  throw new Error('a simulation needs actions with a positive weight')
}

function failure({
  seed,
  step,
  trace,
  error,
}: {
  seed: number
  step: number
  trace: string[]
  error: unknown
}): string {
  const reason = error instanceof Error ? error.message : String(error)
  return `seed ${seed} failed at step ${step}: ${reason}\n${trace.join('\n')}`
}

function show(answer: unknown): string {
  if (typeof answer === 'string') return answer
  return JSON.stringify(answer, (_key, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value,
  )
}

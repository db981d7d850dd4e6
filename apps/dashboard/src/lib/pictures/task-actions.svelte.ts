import { systemRandom } from '@sluice/kernel/random'

import type { Api } from '#lib/api/create-api.ts'

import type { TaskBoard } from './task-board.svelte.ts'
import type { Task } from './task.ts'

export type Action = 'cancel' | 'retry'

export interface TaskActionsDeps {
  api: Pick<Api, 'cancelImage' | 'retryImage'>
  board: TaskBoard
  /** Tells a person what failed. */
  fail: (error: unknown) => Promise<void>
}

const KEY_BYTES = 16

/** Out of reach of chance: an Idempotency-Key that nothing else has. */
const newKey = () =>
  Array.from(systemRandom.bytes(KEY_BYTES), (byte) => byte.toString(16).padStart(2, '0')).join('')

/** What can be done with a task, one act at a time for each: a second press does nothing. */
export class TaskActions {
  #acting = $state.raw<ReadonlyMap<string, Action>>(new Map())
  /** The keys of retries whose answers have not come. */
  readonly #retries = new Map<string, string>()
  readonly #deps: TaskActionsDeps

  constructor(deps: TaskActionsDeps) {
    this.#deps = deps
  }

  readonly of = (task: Task): Action | undefined => this.#acting.get(task.id)

  readonly cancel = (task: Task): Promise<Task | undefined> =>
    this.#action('cancel', task, (params) => this.#deps.api.cancelImage({ params }))

  /** Answers the new task. A press after a lost answer finds the task that the first one made. */
  readonly retry = (task: Task): Promise<Task | undefined> =>
    this.#action('retry', task, async (params) => {
      const idempotencyKey = this.#retries.get(task.id) ?? newKey()
      this.#retries.set(task.id, idempotencyKey)
      const made = await this.#deps.api.retryImage({ params, idempotencyKey })
      this.#retries.delete(task.id)
      return made
    })

  async #action(
    action: Action,
    { id }: Task,
    carryOut: (params: { id: string }) => Promise<Task>,
  ): Promise<Task | undefined> {
    const { board, fail } = this.#deps
    if (this.#acting.has(id)) return undefined
    this.#acting = new Map([...this.#acting, [id, action]])
    try {
      const task = await carryOut({ id })
      board.take([task])
      return task
    } catch (error) {
      await fail(error)
      // It may have gone on meanwhile; the page shows what is true now.
      board.refresh(id).catch(() => undefined)
      return undefined
    } finally {
      this.#acting = new Map([...this.#acting].filter(([other]) => other !== id))
    }
  }
}

import { systemRandom } from '@sluice/kernel/random'

import type { Api } from '#lib/api/create-api.ts'

import type { TaskBoard } from './task-board.svelte.ts'
import type { Task } from './task.ts'

export type Act = 'cancel' | 'retry'

export interface TaskActsDeps {
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
export class TaskActs {
  #acting = $state.raw<ReadonlyMap<string, Act>>(new Map())
  /** The keys of retries whose answers have not come. */
  readonly #retries = new Map<string, string>()
  readonly #deps: TaskActsDeps

  constructor(deps: TaskActsDeps) {
    this.#deps = deps
  }

  readonly of = (task: Task): Act | undefined => this.#acting.get(task.id)

  readonly cancel = (task: Task): Promise<Task | undefined> =>
    this.#act('cancel', task, (params) => this.#deps.api.cancelImage({ params }))

  /** Answers the new task. A press after a lost answer finds the task that the first one made. */
  readonly retry = (task: Task): Promise<Task | undefined> =>
    this.#act('retry', task, async (params) => {
      const idempotencyKey = this.#retries.get(task.id) ?? newKey()
      this.#retries.set(task.id, idempotencyKey)
      const made = await this.#deps.api.retryImage({ params, idempotencyKey })
      this.#retries.delete(task.id)
      return made
    })

  async #act(
    act: Act,
    { id }: Task,
    carryOut: (params: { id: string }) => Promise<Task>,
  ): Promise<Task | undefined> {
    const { board, fail } = this.#deps
    if (this.#acting.has(id)) return undefined
    this.#acting = new Map([...this.#acting, [id, act]])
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

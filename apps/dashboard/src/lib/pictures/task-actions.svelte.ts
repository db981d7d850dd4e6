import { systemRandom } from '@sluice/kernel/random'

import type { Api } from '#lib/api/create-api.ts'

import type { TaskBoard } from './task-board.svelte.ts'
import type { Task } from './task.ts'

export type Action = 'cancel' | 'retry'

export interface TaskActionsDeps {
  api: Pick<Api, 'cancelImage' | 'retryImage'>
  board: TaskBoard
  /** Shows an error to the user. */
  fail: (error: unknown) => Promise<void>
}

const KEY_BYTES = 16

/** A random unique Idempotency-Key. */
const newKey = () =>
  Array.from(systemRandom.bytes(KEY_BYTES), (byte) => byte.toString(16).padStart(2, '0')).join('')

/** The actions of tasks. One action at a time per task: repeated presses are ignored. */
export class TaskActions {
  #acting = $state.raw<ReadonlyMap<string, Action>>(new Map())
  /** The idempotency keys of retries without a response. */
  readonly #retries = new Map<string, string>()
  readonly #deps: TaskActionsDeps

  constructor(deps: TaskActionsDeps) {
    this.#deps = deps
  }

  readonly of = (task: Task): Action | undefined => this.#acting.get(task.id)

  readonly cancel = (task: Task): Promise<Task | undefined> =>
    this.#action('cancel', task, (params) => this.#deps.api.cancelImage({ params }))

  /** Returns the new task. A retry after a lost response returns the task created by the first request. */
  readonly retry = (task: Task): Promise<Task | undefined> =>
    this.#action('retry', task, async (params) => {
      const idempotencyKey = this.#retries.get(task.id) ?? newKey()
      this.#retries.set(task.id, idempotencyKey)
      const created = await this.#deps.api.retryImage({ params, idempotencyKey })
      this.#retries.delete(task.id)
      return created
    })

  async #action(
    action: Action,
    { id }: Task,
    send: (params: { id: string }) => Promise<Task>,
  ): Promise<Task | undefined> {
    const { board, fail } = this.#deps
    if (this.#acting.has(id)) return undefined
    this.#acting = new Map([...this.#acting, [id, action]])
    try {
      const task = await send({ id })
      board.take([task])
      return task
    } catch (error) {
      await fail(error)
      // The state may have changed meanwhile; the page shows the current one.
      board.refresh(id).catch(() => undefined)
      return undefined
    } finally {
      this.#acting = new Map([...this.#acting].filter(([other]) => other !== id))
    }
  }
}

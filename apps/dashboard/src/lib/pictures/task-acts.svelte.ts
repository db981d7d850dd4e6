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

/** What can be done with a task, one act at a time for each: a second press does nothing. */
export class TaskActs {
  #acting = $state.raw<ReadonlyMap<string, Act>>(new Map())
  readonly #deps: TaskActsDeps

  constructor(deps: TaskActsDeps) {
    this.#deps = deps
  }

  readonly of = (task: Task): Act | undefined => this.#acting.get(task.id)

  readonly cancel = (task: Task): Promise<Task | undefined> =>
    this.#act('cancel', task, (params) => this.#deps.api.cancelImage({ params }))

  /** Answers the new task. */
  readonly retry = (task: Task): Promise<Task | undefined> =>
    this.#act('retry', task, (params) => this.#deps.api.retryImage({ params }))

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

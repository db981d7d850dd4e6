import { apiPath } from '#lib/api/create-api.ts'
import type { Api } from '#lib/api/create-api.ts'
import { live } from '#lib/api/live.svelte.ts'
import type { Clock } from '@sluice/kernel/clock'

import { followTasks } from './follow-tasks.ts'
import type { StreamHooks } from './follow-tasks.ts'
import { mergeTasks } from './merge-tasks.ts'
import { createStreamSlots } from './stream-slots.ts'
import { hasEnded } from './task.ts'
import type { Task } from './task.ts'

/** The bill comes shortly after the last picture; nobody waits longer for it. */
const BILL_WITHIN_MS = 30_000
const SECOND_MS = 1_000

export interface TaskBoardDeps {
  api: Pick<Api, 'getImage'>
  clock: Clock
  /** Told of every reading that has changed something. */
  onChange?: (before: Task | undefined, after: Task) => void
}

/** The tasks of a page, kept true by the server's readings in whatever order they come. */
export class TaskBoard {
  #tasks = $state.raw<readonly Task[]>([])
  #nowMs = $state(0)
  readonly #deps: TaskBoardDeps
  readonly #wanted = $derived({
    live: this.#tasks.filter((task) => !hasEnded(task)).map(({ id }) => id),
    read: this.#tasks.filter((task) => this.#isUnbilled(task)).map(({ id }) => id),
  })

  // A boolean of its own, so that the clock does not start anew with each reading.
  readonly #isBusy = $derived(this.#wanted.live.length + this.#wanted.read.length > 0)

  constructor(deps: TaskBoardDeps, first: readonly Task[] = []) {
    this.#deps = deps
    this.#nowMs = deps.clock.nowMs()
    this.#tasks = mergeTasks([], first, this.#nowMs)
  }

  get clock(): Clock {
    return this.#deps.clock
  }

  /** Newest first. */
  get tasks(): readonly Task[] {
    return this.#tasks
  }

  /** Now, to a second while something is under way. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** Takes readings; older ones than what is known change nothing. */
  readonly take = (read: readonly Task[]): void => {
    const before = new Map(this.#tasks.map((task) => [task.id, task]))
    this.#tasks = mergeTasks(this.#tasks, read, this.#deps.clock.nowMs())
    const touched = new Set(read.map(({ id }) => id))
    for (const task of this.#tasks) {
      if (touched.has(task.id)) this.#deps.onChange?.(before.get(task.id), task)
    }
  }

  /** Reads one task anew: its links may have ended. Rejects as the API does. */
  readonly refresh = async (id: string): Promise<Task> => {
    const task = await this.#deps.api.getImage({ params: { id } })
    this.take([task])
    return task
  }

  /**
   * Keeps everything that is under way up to date, until the answer is called. Make it in an effect; a page
   * that nobody looks at follows nothing.
   */
  readonly follow = (): (() => void) => {
    const follower = followTasks({
      clock: this.#deps.clock,
      slots: createStreamSlots(navigator.locks),
      open: this.#openStream,
      read: (id) => this.#deps.api.getImage({ params: { id } }),
      onTask: (task) => this.take([task]),
    })
    let seen = $state(document.visibilityState === 'visible')
    const look = () => (seen = document.visibilityState === 'visible')
    document.addEventListener('visibilitychange', look)
    const end = $effect.root(() => {
      $effect(() => follower.follow(seen ? this.#wanted : { live: [], read: [] }))
      $effect(() => (seen && this.#isBusy ? this.#tick() : undefined))
    })
    return () => {
      end()
      follower.stop()
      document.removeEventListener('visibilitychange', look)
    }
  }

  readonly #tick = () => {
    const { clock } = this.#deps
    this.#nowMs = clock.nowMs()
    return clock.every(SECOND_MS, () => {
      this.#nowMs = clock.nowMs()
    })
  }

  readonly #openStream = (id: string, { onTask, onClosed }: StreamHooks) => {
    const stream = live<'followImage'>({
      url: apiPath('followImage', { params: { id } }),
      on: { task: onTask, end: onClosed },
      endsWith: 'end',
      onRefused: onClosed,
    })
    return stream.stop
  }

  #isUnbilled(task: Task): boolean {
    // `undefined` is a list's reading, which does not speak of money.
    if (task.charged_micro !== null || task.state !== 'done' || !task.ended_at) return false
    return this.#nowMs - Date.parse(task.ended_at) < BILL_WITHIN_MS
  }
}

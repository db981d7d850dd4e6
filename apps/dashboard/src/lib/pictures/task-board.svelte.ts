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

/** The settlement follows the last picture; the page stops waiting for it after this time. */
const SETTLED_WITHIN_MS = 30_000
const SECOND_MS = 1_000

export interface TaskBoardDeps {
  api: Pick<Api, 'getImage'>
  clock: Clock
  /** Called for every update that changes a task. */
  onChange?: (before: Task | undefined, after: Task) => void
}

/** The tasks of a page, updated by versions from the server that may arrive in any order. */
export class TaskBoard {
  #tasks = $state.raw<readonly Task[]>([])
  #nowMs = $state(0)
  readonly #deps: TaskBoardDeps
  readonly #followed = $derived({
    live: this.#tasks.filter((task) => !hasEnded(task)).map(({ id }) => id),
    read: this.#tasks.filter((task) => this.#isUnsettled(task)).map(({ id }) => id),
  })

  // A separate boolean, so that the timer is not restarted by every update.
  readonly #isBusy = $derived(this.#followed.live.length + this.#followed.read.length > 0)

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

  /** The current time, updated every second while a task is running. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** Merges task versions; outdated ones are ignored. */
  readonly take = (read: readonly Task[]): void => {
    const before = new Map(this.#tasks.map((task) => [task.id, task]))
    this.#tasks = mergeTasks(this.#tasks, read, this.#deps.clock.nowMs())
    const touched = new Set(read.map(({ id }) => id))
    for (const task of this.#tasks) {
      if (touched.has(task.id)) this.#deps.onChange?.(before.get(task.id), task)
    }
  }

  /** Reads one task again, for example for new links. Rejects with ApiError. */
  readonly refresh = async (id: string): Promise<Task> => {
    const task = await this.#deps.api.getImage({ params: { id } })
    this.take([task])
    return task
  }

  /**
   * Keeps running tasks up to date until the returned function is called. Use it in an effect; a hidden page
   * follows nothing.
   */
  readonly follow = (): (() => void) => {
    const follower = followTasks({
      clock: this.#deps.clock,
      slots: createStreamSlots(navigator.locks),
      open: this.#openStream,
      read: (id) => this.#deps.api.getImage({ params: { id } }),
      onTask: (task) => this.take([task]),
    })
    let visible = $state(document.visibilityState === 'visible')
    const onChange = () => (visible = document.visibilityState === 'visible')
    document.addEventListener('visibilitychange', onChange)
    const end = $effect.root(() => {
      $effect(() => follower.follow(visible ? this.#followed : { live: [], read: [] }))
      $effect(() => (visible && this.#isBusy ? this.#tick() : undefined))
    })
    return () => {
      end()
      follower.stop()
      document.removeEventListener('visibilitychange', onChange)
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

  #isUnsettled(task: Task): boolean {
    // `undefined` comes from a list, which has no charge.
    if (task.charged_micro !== null || task.state !== 'done' || !task.ended_at) return false
    return this.#nowMs - Date.parse(task.ended_at) < SETTLED_WITHIN_MS
  }
}

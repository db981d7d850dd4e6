import { linkEndsAtMs } from './picture-link.ts'
import { hasEnded } from './task.ts'
import type { Picture, Task } from './task.ts'

/** A link with at least this validity is kept; a new one would load the same picture again. */
const LINK_LEFT_MS_MIN = 300_000

/**
 * The newer of two versions of one task, which may arrive in any order: the one that includes more events.
 * At equal events the later one is used, but an ended task stays ended. A charge that only one of them has is
 * kept.
 */
export function mergeTask(known: Task | undefined, read: Task, nowMs: number): Task {
  if (!known) return read
  if (isOlder(read, known)) return withCharge(known, read)
  return withCharge({ ...read, pictures: keepLinks(known, read, nowMs) }, known)
}

/** All tasks of both lists, newest first; ids are sorted by creation time only within a list. */
export function mergeTasks(
  known: readonly Task[],
  read: readonly Task[],
  nowMs: number,
): readonly Task[] {
  const merged = new Map(known.map((task) => [task.id, task]))
  for (const task of read) merged.set(task.id, mergeTask(merged.get(task.id), task, nowMs))
  return [...merged.values()].sort(newestFirst)
}

function isOlder(read: Task, known: Task): boolean {
  if (read.last_event !== known.last_event) return read.last_event < known.last_event
  return hasEnded(known) && !hasEnded(read)
}

function withCharge(task: Task, other: Task): Task {
  const held = task.held_micro === undefined ? other.held_micro : task.held_micro
  // The charge is set after the last event, so it is kept once known.
  const charged = task.charged_micro ?? other.charged_micro
  return {
    ...task,
    ...(held !== undefined && { held_micro: held }),
    ...(charged !== undefined && { charged_micro: charged }),
  }
}

function keepLinks(known: Task, read: Task, nowMs: number): Picture[] {
  const before = new Map(known.pictures.map((picture) => [picture.index, picture]))
  return read.pictures.map((picture) => {
    const url = before.get(picture.index)?.url
    if (!url || !picture.url || linkEndsAtMs(url) - nowMs < LINK_LEFT_MS_MIN) return picture
    return { ...picture, url }
  })
}

function newestFirst(one: Task, other: Task): number {
  if (one.created_at !== other.created_at) return one.created_at < other.created_at ? 1 : -1
  return one.id < other.id ? 1 : -1
}

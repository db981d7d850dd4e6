import { mkdir } from 'node:fs/promises'

import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'

import type { Part, SpoolSegment } from './spool-segment.ts'
import { createSegment, isAbsent } from './spool-segment.ts'

/** A segment accepts no batches after this time, well before other processes may remove it. */
const SEGMENT_MS = 20_000
const SEGMENT_BYTES_MAX = 4 * 1024 * 1024

/** A batch on disk: a part of a segment of this process, or a whole file of another process. */
export interface SpoolEntry {
  file: string
  /** Byte range; absent for a whole file. */
  part?: Part
}

export interface OwnSegmentsDeps {
  folder: string
  newName: () => string
  clock: Clock
  isDamaged: (name: string) => boolean
  /** Removes a file that is no longer needed. */
  discard: (name: string) => Promise<void>
  onError: (error: unknown) => void
}

/** The segments of this process. A batch counts as waiting from before its write until its removal. */
export function ownSegments(deps: OwnSegmentsDeps) {
  const { folder, newName, clock, isDamaged, discard, onError } = deps
  const segments = new Map<string, { segment: SpoolSegment; waiting: number }>()
  let current: string | undefined
  let cancelIdle: (() => void) | undefined
  let last: Promise<unknown> = Promise.resolve()
  const serialized = <T>(act: () => Promise<T>): Promise<T> => {
    const result = last.then(act, act)
    last = result
    return result
  }

  const create = async () => {
    const file = { name: newName(), startedAtMs: clock.nowMs() }
    const segment = await createSegment(folder, file).catch(async (error: unknown) => {
      if (!isAbsent(error)) throw error
      await mkdir(folder, { recursive: true, mode: 0o700 })
      return createSegment(folder, file)
    })
    segments.set(segment.name, { segment, waiting: 0 })
    current = segment.name
  }

  const isExpired = ({ startedAtMs, bytes }: SpoolSegment) =>
    clock.nowMs() - startedAtMs >= SEGMENT_MS || bytes() >= SEGMENT_BYTES_MAX

  /** Closes the current segment for new batches. */
  const retire = async () => {
    const held = segments.get(current ?? '')
    current = undefined
    if (!held) return
    if (held.waiting === 0) return drop(held.segment)
    // It cannot be synced after it is closed.
    await held.segment.sync().catch(onError)
    await held.segment.close()
  }

  const drop = async (segment: SpoolSegment) => {
    segments.delete(segment.name)
    await segment.close()
    await discard(segment.name)
  }

  const retireWhenIdle = () => {
    cancelIdle ??= clock.after(SEGMENT_MS, () => {
      cancelIdle = undefined
      const retireIdle = async () => {
        if (segments.get(current ?? '')?.waiting === 0) await retire()
      }
      serialized(retireIdle).catch(onError)
    })
  }

  const put = async (text: string): Promise<SpoolEntry> => {
    const before = segments.get(current ?? '')
    if (!before || isExpired(before.segment)) {
      await retire()
      await create()
    }
    const held = segments.get(current ?? '')
    if (!held) throw new AppError('unavailable', 'The usage spool was closed.')
    held.waiting += 1
    try {
      return { file: held.segment.name, part: await held.segment.append(text) }
    } catch (error) {
      // The write may be partial: nothing may follow it in the same file.
      held.waiting -= 1
      await retire()
      throw error
    }
  }

  return {
    has: (name: string) => segments.has(name),
    bytes: () => [...segments.values()].reduce((sum, { segment }) => sum + segment.bytes(), 0),
    put: (text: string): Promise<SpoolEntry> => serialized(() => put(text)),
    async sync(name: string) {
      await segments.get(name)?.segment.sync()
    },
    read: (name: string, part: Part) =>
      segments.get(name)?.segment.read(part) ?? Promise.resolve(''),
    async remove(name: string) {
      const held = segments.get(name)
      if (!held) return
      held.waiting -= 1
      if (held.waiting > 0) return
      if (name !== current) return drop(held.segment)
      if (isDamaged(name)) return serialized(retire)
      await held.segment.clear(() => held.waiting === 0)
      retireWhenIdle()
    },
    async close() {
      cancelIdle?.()
      await serialized(retire)
    },
  }
}

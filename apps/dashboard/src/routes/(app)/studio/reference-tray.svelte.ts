import type { Clock } from '@sluice/kernel/clock'

import { pictureTypeOf, refuseReference } from './reference-rules.ts'
import type { ReferenceRefusal } from './reference-rules.ts'
import type { createReferenceStore } from './reference-store.ts'

export interface TrayReference {
  id: number
  file: File
  /** An object URL; let go when the picture is taken off. */
  url: string
}

export type TrayRefusal = ReferenceRefusal | { why: 'unreadable'; name: string }

interface TrayDeps {
  clock: Clock
  referenceStore: ReturnType<typeof createReferenceStore>
  countMax: () => number
}

/** The reference pictures of the form. Browser only, but for its empty beginning. */
export class ReferenceTray {
  #references = $state.raw<readonly TrayReference[]>([])
  /** Of the last files that were offered. */
  refusals = $state.raw<readonly TrayRefusal[]>([])
  readonly #deps: TrayDeps
  #made = 0

  constructor(deps: TrayDeps) {
    this.#deps = deps
  }

  get references(): readonly TrayReference[] {
    return this.#references
  }

  /** Takes what the rules allow and says why of the rest. */
  readonly add = async (files: readonly File[]): Promise<void> => {
    this.refusals = []
    for (const file of files) {
      const refusal = await this.#judge(file)
      if (refusal) this.refusals = [...this.refusals, refusal]
      else this.#put([...this.#references, this.#place(file)])
    }
    this.#shelve()
  }

  readonly remove = (id: number): void => {
    this.refusals = []
    for (const one of this.#references) if (one.id === id) URL.revokeObjectURL(one.url)
    this.#put(this.#references.filter((one) => one.id !== id))
    this.#shelve()
  }

  readonly clear = (): void => {
    this.letGo()
    this.#put([])
    this.#shelve()
  }

  /** Brings back what was there before a reload or a new sign-in. */
  readonly restore = async (): Promise<void> => {
    const files = await this.#deps.referenceStore.take(this.#deps.clock.nowMs())
    if (files.length > 0 && this.#references.length === 0) await this.add(files)
  }

  /** Frees the memory behind the thumbnails; for the end of the page. */
  readonly letGo = (): void => {
    for (const { url } of this.#references) URL.revokeObjectURL(url)
  }

  async #judge(file: File): Promise<TrayRefusal | undefined> {
    try {
      const type = await pictureTypeOf(file)
      const taken = this.#references.map((one) => one.file)
      return refuseReference({ taken, offered: file, type, countMax: this.#deps.countMax() })
    } catch {
      return { why: 'unreadable', name: file.name }
    }
  }

  #place(file: File): TrayReference {
    this.#made += 1
    return { id: this.#made, file, url: URL.createObjectURL(file) }
  }

  #put(references: readonly TrayReference[]): void {
    this.#references = references
  }

  #shelve(): void {
    const files = this.#references.map(({ file }) => file)
    void this.#deps.referenceStore.put(files, this.#deps.clock.nowMs())
  }
}

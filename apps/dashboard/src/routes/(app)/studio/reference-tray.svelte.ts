import type { Clock } from '@sluice/kernel/clock'

import { pictureTypeOf, refuseReference } from './reference-rules.ts'
import type { ReferenceRefusal } from './reference-rules.ts'
import type { createReferenceStore } from './reference-store.ts'

export interface TrayReference {
  id: number
  file: File
  /** An object URL; revoked when the picture is removed. */
  url: string
}

export type TrayRefusal = ReferenceRefusal | { why: 'unreadable'; name: string }

interface TrayDeps {
  clock: Clock
  referenceStore: ReturnType<typeof createReferenceStore>
  countMax: () => number
}

/** The reference pictures of the form. Browser only, except for the empty initial state. */
export class ReferenceTray {
  #references = $state.raw<readonly TrayReference[]>([])
  /** Refusals of the last added files. */
  refusals = $state.raw<readonly TrayRefusal[]>([])
  readonly #deps: TrayDeps
  #made = 0

  constructor(deps: TrayDeps) {
    this.#deps = deps
  }

  get references(): readonly TrayReference[] {
    return this.#references
  }

  /** Adds the allowed files and records a refusal for the others. */
  readonly add = async (files: readonly File[]): Promise<void> => {
    this.refusals = []
    for (const file of files) {
      const refusal = await this.#refusalOf(file)
      if (refusal) this.refusals = [...this.refusals, refusal]
      else this.#put([...this.#references, this.#toReference(file)])
    }
    this.#store()
  }

  readonly remove = (id: number): void => {
    this.refusals = []
    for (const one of this.#references) if (one.id === id) URL.revokeObjectURL(one.url)
    this.#put(this.#references.filter((one) => one.id !== id))
    this.#store()
  }

  readonly clear = (): void => {
    this.dispose()
    this.#put([])
    this.#store()
  }

  /** Restores the pictures after a reload or a new sign-in. */
  readonly restore = async (): Promise<void> => {
    const files = await this.#deps.referenceStore.take(this.#deps.clock.nowMs())
    if (files.length > 0 && this.#references.length === 0) await this.add(files)
  }

  /** Revokes the object URLs of the thumbnails; called when the page is left. */
  readonly dispose = (): void => {
    for (const { url } of this.#references) URL.revokeObjectURL(url)
  }

  async #refusalOf(file: File): Promise<TrayRefusal | undefined> {
    try {
      const type = await pictureTypeOf(file)
      const accepted = this.#references.map((one) => one.file)
      return refuseReference({
        taken: accepted,
        offered: file,
        type,
        countMax: this.#deps.countMax(),
      })
    } catch {
      return { why: 'unreadable', name: file.name }
    }
  }

  #toReference(file: File): TrayReference {
    this.#made += 1
    return { id: this.#made, file, url: URL.createObjectURL(file) }
  }

  #put(references: readonly TrayReference[]): void {
    this.#references = references
  }

  #store(): void {
    const files = this.#references.map(({ file }) => file)
    void this.#deps.referenceStore.put(files, this.#deps.clock.nowMs())
  }
}

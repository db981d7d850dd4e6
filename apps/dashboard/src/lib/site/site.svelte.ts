import { systemClock } from '@sluice/kernel/clock'
import { createContext } from 'svelte'

import { createFormat } from '../format.ts'
import type { Format } from '../format.ts'
import type { AreaMessages } from '../i18n/areas.ts'
import type { Language } from '../i18n/languages.ts'
import type { SiteChoice } from './site-choice.ts'

const TICK_MS = 10_000

export type SiteData = SiteChoice & { common: AreaMessages<'everywhere'> }

/** What every component may need of the person's choices: words, formats, and what time it is. */
export class Site {
  readonly #read: () => SiteData
  #zone = $state<string>()
  readonly #format = $derived.by(() => createFormat({ language: this.language, zone: this.zone }))
  #nowMs = $state(systemClock.nowMs())

  constructor(read: () => SiteData) {
    this.#read = read
  }

  get language(): Language {
    return this.#read().language
  }

  get choice(): SiteChoice {
    return this.#read()
  }

  /** The browser's zone once it has been told; before that, the one it had at its last visit. */
  get zone(): string {
    return this.#zone ?? this.#read().zone
  }

  set zone(zone: string) {
    this.#zone = zone
  }

  /** Words that any page may need: area `everywhere`. */
  get messages(): AreaMessages<'everywhere'> {
    return this.#read().common
  }

  get format(): Format {
    return this.#format
  }

  /** Now, to ten seconds; what is relative to it moves by itself. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** Lets `nowMs` move until the returned function is called. The root layout does so. */
  readonly tick = (): (() => void) =>
    systemClock.every(TICK_MS, () => {
      this.#nowMs = systemClock.nowMs()
    })
}

/** The site in context: the root layout provides it, everything below reads it. */
export const [useSite, provideSite] = createContext<Site>()

import { systemClock } from '@sluice/kernel/clock'
import { createContext } from 'svelte'

import { createFormat } from '../format.ts'
import type { Format } from '../format.ts'
import type { AreaMessages } from '../i18n/areas.ts'
import type { Language } from '../i18n/languages.ts'
import type { SiteChoice } from './site-choice.ts'

const TICK_MS = 10_000

export type SiteData = SiteChoice & { common: AreaMessages<'everywhere'> }

/** What every component may need: messages, formats and the current time. */
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

  /** The browser's time zone once known; before that, the one of the last visit. */
  get zone(): string {
    return this.#zone ?? this.#read().zone
  }

  set zone(zone: string) {
    this.#zone = zone
  }

  /** Messages that any page may need: area `everywhere`. */
  get messages(): AreaMessages<'everywhere'> {
    return this.#read().common
  }

  get format(): Format {
    return this.#format
  }

  /** The current time, updated every ten seconds; relative times follow it. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** Updates `nowMs` until the returned function is called. Used by the root layout. */
  readonly tick = (): (() => void) =>
    systemClock.every(TICK_MS, () => {
      this.#nowMs = systemClock.nowMs()
    })
}

/** The site in the Svelte context: provided by the root layout. */
export const [useSite, provideSite] = createContext<Site>()

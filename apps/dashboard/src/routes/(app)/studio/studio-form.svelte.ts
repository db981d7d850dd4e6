import type { ImageModel } from '@sluice/contracts/control/images'
import type { Clock } from '@sluice/kernel/clock'
import type { Random } from '@sluice/kernel/random'
import type { Api } from '#lib/api/create-api.ts'
import { ApiError } from '#lib/api/api-error.ts'
import type { Task } from '#lib/pictures/task.ts'

import { intend, isFinal, isSeen, readIntention } from './intention.ts'
import type { Intention } from './intention.ts'
import type { StudioStorage } from './studio-storage.ts'
import { createPriceEstimator } from './price-estimator.ts'
import type { PriceState } from './price-estimator.ts'
import {
  notRecalling,
  readHistory,
  recallNewer,
  recallOlder,
  rememberPrompt,
} from './prompt-history.ts'
import { ratiosOf } from './ratio-table.ts'
import type { ReferenceTray } from './reference-tray.svelte.ts'
import { fingerprintOf, requestBody } from './request-body.ts'
import { fitSettings, readSettingsInput } from './studio-settings.ts'
import type { Settings, SettingsInput } from './studio-settings.ts'

/** As many characters as image models read. */
export const PROMPT_CHARS_MAX = 32_000

export interface StudioFormDeps {
  api: Pick<Api, 'createImages' | 'estimateImages'>
  clock: Clock
  random: Random
  models: () => readonly ImageModel[]
  tray: ReferenceTray
  /** Kept for good: settings, history, the prompt being written. */
  studioStorage: StudioStorage
  /** Kept for this tab: the request whose answer is not known. */
  tabStorage: StudioStorage
}

/** Everything of the form: what is asked, what it costs, and sending it once. */
export class StudioForm {
  prompt = $state('')
  price = $state.raw<PriceState>({ name: 'unasked' })
  sending = $state(false)
  /** Why the last press did not lead to a task. */
  failure = $state.raw<unknown>()
  /** True when a press was not answered: the next one means the same. */
  #intention = $state.raw<Intention>()
  #input = $state.raw<SettingsInput>({})
  #history: string[] = []
  #recall = notRecalling
  readonly #deps: StudioFormDeps
  readonly #prices

  readonly settings = $derived.by(() =>
    fitSettings({ input: this.#input, models: this.#deps.models(), sizesOf }),
  )
  readonly model = $derived.by(() =>
    this.#deps.models().find(({ model }) => model === this.settings?.model),
  )
  readonly ratios = $derived(this.model ? ratiosOf(this.model) : [])

  constructor(deps: StudioFormDeps) {
    this.#deps = deps
    const { api, clock } = deps
    this.#prices = createPriceEstimator({
      clock,
      estimate: (body, signal) => api.estimateImages({ body, signal }),
      onState: (state) => {
        this.price = state
      },
    })
  }

  get tray(): ReferenceTray {
    return this.#deps.tray
  }

  get isUnanswered(): boolean {
    return this.#intention !== undefined && this.failure !== undefined
  }

  /** Brings back what this browser kept. */
  readonly restore = (): void => {
    const { studioStorage, tabStorage, tray } = this.#deps
    this.#history = readHistory(studioStorage.read('history'))
    this.#input = readSettingsInput(studioStorage.read('settings'))
    this.prompt ||= (studioStorage.read('prompt') ?? '').slice(0, PROMPT_CHARS_MAX)
    this.#intention = readIntention(tabStorage.read('intention'))
    void tray.restore()
  }

  readonly choose = (change: Partial<Settings>): void => {
    this.#choose({ ...this.settings, ...change })
  }

  /** Puts a task's request into the form. Its reference pictures are not with us. */
  readonly useAgain = (task: Omit<SettingsInput, 'compression'> & { prompt: string }): void => {
    const { model, size, count, quality, format, background } = task
    this.write(task.prompt)
    this.#choose({ ...this.settings, model, size, count, quality, format, background })
  }

  readonly write = (prompt: string): void => {
    this.#recall = notRecalling
    this.#write(prompt)
  }

  /** True when there was an earlier prompt to show. */
  readonly older = (): boolean =>
    this.#show(recallOlder(this.#history, { recall: this.#recall, text: this.prompt }))

  readonly newer = (): boolean =>
    this.#show(recallNewer(this.#history, { recall: this.#recall, text: this.prompt }))

  /** Asks what it would cost; call it whenever something that matters has changed. */
  readonly requestPrice = (): void => {
    const { settings } = this
    if (!settings) return this.#prices.stop()
    const { model, count: n, size, quality } = settings
    this.#prices.ask({ model, n, size, quality })
  }

  readonly stop = (): void => this.#prices.stop()

  /** The list shows what a lost answer would have told. */
  readonly see = (tasks: readonly Task[]): void => {
    if (this.#intention && !this.sending && isSeen(this.#intention, tasks)) this.#keep(undefined)
  }

  /** Sends it; undefined when it failed, and `failure` says why. One press at a time. */
  readonly send = async (): Promise<Task | undefined> => {
    const { settings, model, prompt } = this
    if (this.sending || !settings || !model || prompt.trim() === '') return undefined
    const { api, clock, random, tray } = this.#deps
    const { partial_images_max: partialsMax } = model
    const request = { prompt, settings, references: tray.references, partialsMax }
    const intention = intend(this.#intention, {
      asked: fingerprintOf(request),
      prompt: prompt.trim(),
      nowMs: clock.nowMs(),
      newKey: () => hex(random.bytes(16)),
    })
    this.#keep(intention)
    this.sending = true
    this.failure = undefined
    try {
      const { key: idempotencyKey } = intention
      const task = await api.createImages({ body: requestBody(request), idempotencyKey })
      this.#keep(undefined)
      this.#remember(prompt)
      return task
    } catch (error) {
      this.failure = error
      if (error instanceof ApiError && isFinal(error)) this.#keep(undefined)
      return undefined
    } finally {
      this.sending = false
    }
  }

  #choose(input: SettingsInput): void {
    this.#input = input
    this.#deps.studioStorage.write('settings', JSON.stringify(input))
  }

  #write(prompt: string): void {
    this.prompt = prompt
    this.#deps.studioStorage.write('prompt', prompt === '' ? null : prompt)
  }

  #show(recalled: ReturnType<typeof recallOlder>): boolean {
    if (!recalled) return false
    this.#recall = recalled.recall
    this.#write(recalled.text)
    return true
  }

  #remember(prompt: string): void {
    this.#history = rememberPrompt(this.#history, prompt)
    this.#recall = notRecalling
    this.#deps.studioStorage.write('history', JSON.stringify(this.#history))
  }

  #keep(intention: Intention | undefined): void {
    this.#intention = intention
    this.#deps.tabStorage.write('intention', intention ? JSON.stringify(intention) : null)
  }
}

const sizesOf = (model: ImageModel) => ['auto', ...ratiosOf(model).flatMap(({ sizes }) => sizes)]

const hex = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

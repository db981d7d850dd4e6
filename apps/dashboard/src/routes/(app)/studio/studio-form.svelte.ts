import type { ImageModel } from '@sluice/contracts/control/images'
import type { Clock } from '@sluice/kernel/clock'
import type { Random } from '@sluice/kernel/random'
import type { Api } from '#lib/api/create-api.ts'
import { ApiError } from '#lib/api/api-error.ts'
import type { Task } from '#lib/pictures/task.ts'

import { pendingRequestFor, isFinal, isListed, readPendingRequest } from './pending-request.ts'
import type { PendingRequest } from './pending-request.ts'
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

/** Maximum prompt length of image models. */
export const PROMPT_CHARS_MAX = 32_000

export interface StudioFormDeps {
  api: Pick<Api, 'createImages' | 'estimateImages'>
  clock: Clock
  random: Random
  models: () => readonly ImageModel[]
  tray: ReferenceTray
  /** Persistent storage: settings, history, the current prompt. */
  studioStorage: StudioStorage
  /** Storage of this tab: the request without a response. */
  tabStorage: StudioStorage
}

/** The state of the form: the request, its price, and sending it once. */
export class StudioForm {
  prompt = $state('')
  price = $state.raw<PriceState>({ name: 'idle' })
  sending = $state(false)
  /** Why the last submission failed. */
  failure = $state.raw<unknown>()
  /** True when a request has no response: the next press retries it. */
  #pending = $state.raw<PendingRequest>()
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
    return this.#pending !== undefined && this.failure !== undefined
  }

  /** Restores the stored values. */
  readonly restore = (): void => {
    const { studioStorage, tabStorage, tray } = this.#deps
    this.#history = readHistory(studioStorage.read('history'))
    this.#input = readSettingsInput(studioStorage.read('settings'))
    this.prompt ||= (studioStorage.read('prompt') ?? '').slice(0, PROMPT_CHARS_MAX)
    this.#pending = readPendingRequest(tabStorage.read('intention'))
    void tray.restore()
  }

  readonly choose = (change: Partial<Settings>): void => {
    this.#choose({ ...this.settings, ...change })
  }

  /** Copies a task's request into the form, without its reference pictures. */
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

  /** Requests the price; call it after every change of the request. */
  readonly requestPrice = (): void => {
    const { settings } = this
    if (!settings) return this.#prices.stop()
    const { model, count: n, size, quality } = settings
    this.#prices.request({ model, n, size, quality })
  }

  readonly stop = (): void => this.#prices.stop()

  /** Clears the pending request once the list has its task. */
  readonly confirmListed = (tasks: readonly Task[]): void => {
    if (this.#pending && !this.sending && isListed(this.#pending, tasks))
      this.#setPending(undefined)
  }

  /** Sends the request; undefined on failure, see `failure`. One request at a time. */
  readonly send = async (): Promise<Task | undefined> => {
    const { settings, model, prompt } = this
    if (this.sending || !settings || !model || prompt.trim() === '') return undefined
    const { api, clock, random, tray } = this.#deps
    const { partial_images_max: partialsMax } = model
    const request = { prompt, settings, references: tray.references, partialsMax }
    const pending = pendingRequestFor(this.#pending, {
      fingerprint: fingerprintOf(request),
      prompt: prompt.trim(),
      nowMs: clock.nowMs(),
      newKey: () => hex(random.bytes(16)),
    })
    this.#setPending(pending)
    this.sending = true
    this.failure = undefined
    try {
      const { key: idempotencyKey } = pending
      const task = await api.createImages({ body: requestBody(request), idempotencyKey })
      this.#setPending(undefined)
      this.#remember(prompt)
      return task
    } catch (error) {
      this.failure = error
      if (error instanceof ApiError && isFinal(error)) this.#setPending(undefined)
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

  #setPending(pending: PendingRequest | undefined): void {
    this.#pending = pending
    this.#deps.tabStorage.write('intention', pending ? JSON.stringify(pending) : null)
  }
}

const sizesOf = (model: ImageModel) => ['auto', ...ratiosOf(model).flatMap(({ sizes }) => sizes)]

const hex = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

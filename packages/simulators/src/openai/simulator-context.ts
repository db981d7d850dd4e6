import type { Answer } from './answer.ts'
import type { Behaviour } from './fault.ts'
import type { Call } from './read-call.ts'
import type { Produced } from './request-log.ts'

export interface SimulatedModel {
  id: string
  kind: 'chat' | 'image'
  /**
   * GPT image models return base64 and facts; compatible models return a URL unless `response_format` is
   * b64_json.
   */
  family: 'gpt' | 'compatible'
}

export const simulatedModels: readonly SimulatedModel[] = [
  { id: 'gpt-image-1.5', kind: 'image', family: 'gpt' },
  { id: 'gpt-image-2', kind: 'image', family: 'gpt' },
  { id: 'gpt-image-1-mini', kind: 'image', family: 'gpt' },
  { id: 'paint-compatible', kind: 'image', family: 'compatible' },
  { id: 'dall-e-3', kind: 'image', family: 'compatible' },
  { id: 'gpt-5-mini', kind: 'chat', family: 'gpt' },
  { id: 'gpt-4o-mini', kind: 'chat', family: 'gpt' },
]

/** The dependencies of a route. */
export interface SimulatorContext {
  models: readonly SimulatedModel[]
  /** The simulator's origin, for image URLs. */
  origin: () => string
  /** A unique id. */
  newId: (prefix: string) => string
  nowS: () => number
  /** Words of a chat response when the request sets no limit. */
  answerWords: number
  /** Images returned by URL. */
  files: Map<string, { bytes: Buffer; type: string }>
}

export interface RouteAnswer {
  answer: Answer
  produced: Produced[]
}

export type RouteHandler = (
  context: SimulatorContext,
  input: { call: Call; behaviour: Behaviour },
) => Promise<RouteAnswer> | RouteAnswer

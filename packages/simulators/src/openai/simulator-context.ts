import type { Answer } from './answer.ts'
import type { Behaviour } from './fault.ts'
import type { Call } from './read-call.ts'
import type { Produced } from './witness-log.ts'

export interface SimulatedModel {
  id: string
  kind: 'chat' | 'image'
  /** GPT image models answer base64 and facts; look-alikes answer a URL unless asked otherwise. */
  family: 'gpt' | 'look-alike'
}

export const simulatedModels: readonly SimulatedModel[] = [
  { id: 'gpt-image-1.5', kind: 'image', family: 'gpt' },
  { id: 'gpt-image-2', kind: 'image', family: 'gpt' },
  { id: 'gpt-image-1-mini', kind: 'image', family: 'gpt' },
  { id: 'paint-look-alike', kind: 'image', family: 'look-alike' },
  { id: 'dall-e-3', kind: 'image', family: 'look-alike' },
  { id: 'gpt-5-mini', kind: 'chat', family: 'gpt' },
  { id: 'gpt-4o-mini', kind: 'chat', family: 'gpt' },
]

/** What a route works with. */
export interface SimulatorContext {
  models: readonly SimulatedModel[]
  /** Where the simulator listens, for URL answers. */
  origin: () => string
  /** A name that no other thing of this simulator has. */
  newId: (prefix: string) => string
  nowS: () => number
  /** How many words a chat answer has when the request sets no limit. */
  answerWords: number
  /** Pictures that were answered by URL. */
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

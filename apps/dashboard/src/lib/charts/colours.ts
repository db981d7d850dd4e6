/** A class of app.css that sets `color`; marks use `currentcolor`. */
export type Colour = `series-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10}`

/**
 * One colour for one thing on every page. Measures are listed here; a model's colour is derived from its
 * name, so that it is the same in a chart of three models and in one of ten.
 */
const measures = {
  requests: 'series-1',
  pictures: 'series-4',
  spend: 'series-3',
  latency: 'series-6',
  'latency-slow': 'series-9',
  tokens: 'series-8',
  users: 'series-7',
  done: 'series-2',
  failed: 'series-5',
  queued: 'series-10',
} as const satisfies Record<string, Colour>

export type Measure = keyof typeof measures

/** The colour of a measure. */
export const colourOf = (measure: Measure): Colour => measures[measure]

/** Common models get clearly different colours; red and green are reserved for outcomes. */
const models: Record<string, Colour> = {
  'gpt-image-2': 'series-1',
  'gpt-image-1': 'series-4',
  'gpt-image-1-mini': 'series-6',
  'dall-e-3': 'series-3',
  'dall-e-2': 'series-10',
}

const free = [
  'series-1',
  'series-3',
  'series-4',
  'series-6',
  'series-7',
  'series-8',
  'series-9',
  'series-10',
] as const satisfies Colour[]

/** The colour of a model by its public name. Two models may share a colour; charts label their values. */
export function colourOfModel(name: string): Colour {
  const known = Object.hasOwn(models, name) ? models[name] : undefined
  return known ?? free[hash(name) % free.length] ?? 'series-1'
}

/** 32-bit FNV-1a: distributes short names well and is stable. */
function hash(text: string): number {
  let state = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) {
    state = Math.imul(state ^ byte, 0x01000193) >>> 0
  }
  return state
}

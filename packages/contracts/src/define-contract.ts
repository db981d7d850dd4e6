import type { z } from 'zod'

export interface MethodSpec {
  input: z.ZodType
  output: z.ZodType
}

export interface Contract<Methods extends Record<string, MethodSpec> = Record<string, MethodSpec>> {
  /** The service's name; the first part of its subjects on the bus. */
  name: string
  /** Raised when a method changes in a way that old callers cannot bear. */
  version: number
  methods: Methods
}

export interface CallOptions {
  signal?: AbortSignal
}

/** What a method takes and returns in process: codecs are decoded (bigint, Date). */
export type InputOf<Spec extends MethodSpec> = z.output<Spec['input']>
export type OutputOf<Spec extends MethodSpec> = z.output<Spec['output']>

/** The port of a contract. A module object is one; so is a client that speaks over the bus. */
export type PortOf<C extends Contract> = {
  [Method in keyof C['methods']]: (
    input: InputOf<C['methods'][Method]>,
    options?: CallOptions,
  ) => Promise<OutputOf<C['methods'][Method]>>
}

/** Schemas of what a service can be asked. Errors travel as AppError codes. */
export function defineContract<const Methods extends Record<string, MethodSpec>>(
  contract: Contract<Methods>,
): Contract<Methods> {
  return contract
}

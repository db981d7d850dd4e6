import type { z } from 'zod'

export interface MethodSpec {
  input: z.ZodType
  output: z.ZodType
}

export interface Contract<Methods extends Record<string, MethodSpec> = Record<string, MethodSpec>> {
  /** The service's name; the first part of its subjects on the bus. */
  name: string
  /** Incremented by a change of a method that breaks old callers. */
  version: number
  methods: Methods
}

export interface CallOptions {
  signal?: AbortSignal
}

/** The input and output types of a method in process: codecs are decoded (bigint, Date). */
export type InputOf<Spec extends MethodSpec> = z.output<Spec['input']>
export type OutputOf<Spec extends MethodSpec> = z.output<Spec['output']>

/** The port of a contract. Implemented by the service's module and by the client over the bus. */
export type PortOf<C extends Contract> = {
  [Method in keyof C['methods']]: (
    input: InputOf<C['methods'][Method]>,
    options?: CallOptions,
  ) => Promise<OutputOf<C['methods'][Method]>>
}

/** The schemas of a service's methods. Errors are transferred as AppError codes. */
export function defineContract<const Methods extends Record<string, MethodSpec>>(
  contract: Contract<Methods>,
): Contract<Methods> {
  return contract
}

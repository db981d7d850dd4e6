import type { z } from 'zod'

import type { ControlOperations, OperationSchemas } from './operations.ts'
import type { ControlOperation } from './routes.ts'

type SchemaOf<
  Op extends ControlOperation,
  Part extends Exclude<keyof OperationSchemas, 'events'>,
> = ControlOperations[Op] extends { [P in Part]: infer Schema extends z.ZodType }
  ? Schema
  : undefined

type Wire<Schema> = Schema extends z.ZodType ? z.input<Schema> : undefined
type Memory<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined

/** The JSON types of an operation, for clients. */
export interface Encoded<Op extends ControlOperation> {
  params: Wire<SchemaOf<Op, 'params'>>
  query: Wire<SchemaOf<Op, 'query'>>
  body: Wire<SchemaOf<Op, 'body'>>
  answer: Wire<SchemaOf<Op, 'answer'>>
}

/** The in-memory types of an operation, for its handler: codecs are decoded (bigint, Date). */
export interface Decoded<Op extends ControlOperation> {
  params: Memory<SchemaOf<Op, 'params'>>
  query: Memory<SchemaOf<Op, 'query'>>
  body: Memory<SchemaOf<Op, 'body'>>
  answer: Memory<SchemaOf<Op, 'answer'>>
}

type EventsOf<Op extends ControlOperation> = ControlOperations[Op] extends {
  events: infer Events extends Record<string, z.ZodType>
}
  ? Events
  : never

/** The JSON type of each event of an operation. */
export type WireEventsOf<Op extends ControlOperation> = {
  [Name in keyof EventsOf<Op>]: z.input<EventsOf<Op>[Name]>
}

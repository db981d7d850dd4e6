import { schemaWithCredits } from '@sluice/contracts/control/amounts'
import type { OperationSchemas } from '@sluice/contracts/control/operations'
import { controlOperations } from '@sluice/contracts/control/operations'
import type { ControlOperation, ControlRoute } from '@sluice/contracts/control/routes'
import { controlRoutes } from '@sluice/contracts/control/routes'
import { z } from 'zod'

type Json = Record<string, unknown>

/** The control API as OpenAPI 3.1, generated from the route table and its schemas. */
export function openApiDocument({ version }: { version: string }): Json {
  const paths: Record<string, Json> = {}
  for (const operation of Object.keys(controlRoutes) as ControlOperation[]) {
    const route: ControlRoute = controlRoutes[operation]
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    const methods = (paths[path] ??= {})
    methods[route.method.toLowerCase()] = describe(operation, route, controlOperations[operation])
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice control API',
      version,
      description:
        'Amounts are credits: numbers or decimal text in requests, decimal text in responses. Each is accompanied by the exact amount in micro-credits (1 credit = 1,000,000) as text, under the same name and `_micro`; requests take either. Times are ISO 8601 in UTC.',
    },
    paths,
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: '__Host-sluice_session' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
      schemas: { Error: errorSchema },
    },
  }
}

function describe(operation: string, route: ControlRoute, schemas: OperationSchemas): Json {
  return {
    operationId: operation,
    summary: route.summary,
    tags: [tagOf(route.path)],
    ...(route.access === 'anyone'
      ? { security: [] }
      : { security: [{ session: [] }, { bearer: [] }], 'x-permission': route.access }),
    parameters: [
      ...parametersOf(schemas.params, { in: 'path', isRequired: true }),
      ...parametersOf(schemas.query, { in: 'query', isRequired: false }),
      ...(route.idempotency ? [idempotencyParameter] : []),
    ],
    ...(schemas.body && {
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: jsonSchema(schemas.body) },
          ...(route.takes === 'pictures' && {
            'multipart/form-data': { schema: { type: 'object' } },
          }),
        },
      },
    }),
    responses: {
      [route.status ?? (schemas.answer || route.answers ? 200 : 204)]: goodAnswer(route, schemas),
      default: {
        description: 'An error, with the reason',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  }
}

function goodAnswer(route: ControlRoute, { answer, events }: OperationSchemas): Json {
  const description = route.summary
  if (route.answers === 'bytes') return { description, content: { 'image/*': {} } }
  if (events) {
    const named = Object.entries(events).map(([name, schema]) => [name, answerSchema(schema)])
    return {
      description,
      content: { 'text/event-stream': { 'x-events': Object.fromEntries(named) } },
    }
  }
  if (!answer) return { description }
  return { description, content: { 'application/json': { schema: answerSchema(answer) } } }
}

function parametersOf(
  schema: z.ZodType | undefined,
  location: { in: string; isRequired: boolean },
): Json[] {
  if (!schema) return []
  const { properties = {} } = jsonSchema(schema) as { properties?: Record<string, Json> }
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: location.in,
    required: location.isRequired,
    schema: property,
  }))
}

const idempotencyParameter: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Requests with the same key are executed once.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

const answerSchema = (schema: z.ZodType) => schemaWithCredits(jsonSchema(schema))

// Requests and responses contain the input side of every codec.
const jsonSchema = (schema: z.ZodType): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' })
  return rest
}

const tagOf = (path: string): string => path.split('/')[2] ?? 'api'

const errorSchema: Json = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['message', 'type', 'code', 'param'],
      properties: {
        message: { type: 'string' },
        type: { type: 'string' },
        code: { type: ['string', 'null'] },
        param: { type: ['string', 'null'] },
      },
    },
  },
}

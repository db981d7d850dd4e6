import { apiError } from '@sluice/contracts/public-api/errors'
import type { PublicRoute } from '@sluice/contracts/public-api/routes'
import { publicRoutes } from '@sluice/contracts/public-api/routes'
import { z } from 'zod'

import type { EdgeApp } from './request.ts'

type Json = Record<string, unknown>

/** `GET /v1/openapi.json`, without an API key. Changes with the release only. */
export function mountPublicOpenApi(app: EdgeApp, { version }: { version: string }): void {
  const document = publicOpenApi({ version })
  app.get(publicRoutes.getOpenApi.path, (context) => context.json(document))
}

/** `/v1` as OpenAPI 3.1, made of the table of its routes (https://spec.openapis.org/oas/v3.1.1). */
export function publicOpenApi({ version }: { version: string }): Json {
  const paths: Record<string, Json> = {}
  for (const [operationId, route] of Object.entries<PublicRoute>(publicRoutes)) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    const methods = (paths[path] ??= {})
    methods[route.method.toLowerCase()] = { operationId, ...operationOf(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice',
      version,
      description: 'The OpenAI-compatible API. docs/api/ describes it in prose.',
    },
    paths,
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } },
      schemas: { Error: jsonSchema(apiError) },
    },
  }
}

function operationOf(route: PublicRoute): Json {
  const parameters = [
    ...[...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...(route.idempotent ? [idempotencyKey] : []),
  ]
  return {
    summary: route.summary,
    tags: [route.path.split('/')[2]],
    security: route.authenticated ? [{ apiKey: [] }] : [],
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && { requestBody: { required: true, content: bodyOf(route.body, route) } }),
    responses: {
      ...answersOf(route),
      default: {
        description: 'A refusal or a failure',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  }
}

function bodyOf(body: z.ZodType, { takesFiles }: PublicRoute): Json {
  const schema = jsonSchema(body)
  return {
    'application/json': { schema },
    ...(takesFiles && { 'multipart/form-data': { schema: { type: 'object' } } }),
  }
}

function answersOf({ answers, events, summary }: PublicRoute): Json {
  const stream = events && { 'text/event-stream': { schema: jsonSchema(events) } }
  const byStatus = Object.entries(answers).map(([status, schema]) => {
    const json = { 'application/json': { schema: jsonSchema(schema) } }
    return [status, { description: summary, content: { ...json, ...(status === '200' && stream) } }]
  })
  if (byStatus.length > 0) return Object.fromEntries(byStatus)
  const content = stream ?? { 'application/json': { schema: { type: 'object' } } }
  return { 200: { description: summary, content } }
}

const idempotencyKey: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'A repeat with the same key and body gets the answer of the first request.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

function jsonSchema(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' })
  return rest
}

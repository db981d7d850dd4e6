import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parse } from 'yaml'
import { z } from 'zod'

/** The root of the repository. */
export const root = join(import.meta.dirname, '../..')

export type Variables = Record<string, string>

const seconds = z.string().regex(/^\d+s$/)
const megabytes = z.string().regex(/^\d+(m|g)$/)

const healthcheck = z.union([
  z.strictObject({ disable: z.literal(true) }),
  z.strictObject({
    test: z.tuple([z.literal('CMD')], z.string()),
    interval: seconds,
    timeout: seconds,
    start_period: seconds.optional(),
    retries: z.int().positive(),
  }),
])

// Strict, because compose does not refuse every misspelled key.
const service = z.strictObject({
  image: z.string().min(1),
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  restart: z.enum(['no', 'unless-stopped']),
  read_only: z.literal(true).optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  logging: z.strictObject({
    driver: z.literal('json-file'),
    options: z.strictObject({ 'max-size': z.string(), 'max-file': z.string() }),
  }),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  networks: z.array(z.string()).min(1),
  mem_limit: megabytes,
  shm_size: megabytes.optional(),
  stop_grace_period: seconds.default('10s'),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({
        condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']),
      }),
    )
    .default({}),
  healthcheck: healthcheck.optional(),
})
export type ComposeService = z.output<typeof service>

const composeFile = z.strictObject({
  'x-service': z.unknown(),
  'x-environment': z.unknown(),
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.strictObject({ internal: z.boolean().optional() })),
  volumes: z.record(z.string(), z.strictObject({})),
})
export type Compose = z.output<typeof composeFile>

export const composeText = readFileSync(join(root, 'docker-compose.yml'), 'utf8')

/** docker-compose.yml, interpolated with these variables. Throws for a missing required one. */
export function readCompose(variables: Variables): Compose {
  return composeFile.parse(interpolate(parse(composeText, { merge: true }), variables))
}

/** The names of all variables that the file references, and of the required ones. */
export function referencedVariables(): { all: string[]; required: string[] } {
  const references = [...composeText.matchAll(new RegExp(VARIABLE, 'g'))]
  const names = (found: RegExpMatchArray[]) => [...new Set(found.map(([, name = '']) => name))]
  return {
    all: names(references),
    required: names(references.filter(([, , kind]) => kind === '?')),
  }
}

// ${NAME}, ${NAME:-default}, ${NAME:?error}; an empty variable counts as unset in the last two.
const VARIABLE = /\$\{([A-Z][A-Z0-9_]*)(?::([-?])([^}]*))?\}/

function interpolate(node: unknown, variables: Variables): unknown {
  if (Array.isArray(node)) return node.map((item) => interpolate(item, variables))
  if (typeof node === 'object' && node !== null) {
    const entries = Object.entries(node)
    return Object.fromEntries(entries.map(([key, value]) => [key, interpolate(value, variables)]))
  }
  if (typeof node !== 'string') return node
  return node.replace(
    new RegExp(VARIABLE, 'g'),
    (_, name: string, kind: string | undefined, operand: string | undefined) => {
      const value = variables[name] ?? ''
      if (value !== '' || kind === undefined) return value
      if (kind === '-') return operand ?? ''
      throw new Error(`${name}: ${operand}`)
    },
  )
}

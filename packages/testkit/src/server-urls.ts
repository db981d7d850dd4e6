const variables = {
  postgres: 'TEST_POSTGRES_URL',
  postgres15: 'TEST_POSTGRES_15_URL',
  redis: 'TEST_REDIS_URL',
  nats: 'TEST_NATS_URL',
} as const

type ServerName = keyof typeof variables

/** The URL of a server started by scripts/test.mjs. Throws when there is none. */
export function serverUrl(name: ServerName): string {
  const url = findServerUrl(name)
  if (url !== undefined) return url
  throw new Error(
    `${variables[name]} is not set. ` +
      'Run this suite with `node scripts/test.mjs`, which starts the servers.',
  )
}

/** Undefined when this test run has no such server. */
export function findServerUrl(name: ServerName): string | undefined {
  return process.env[variables[name]]
}

const variables = {
  postgres: 'TEST_POSTGRES_URL',
  postgres15: 'TEST_POSTGRES_15_URL',
  redis: 'TEST_REDIS_URL',
  nats: 'TEST_NATS_URL',
} as const

type ServerName = keyof typeof variables

/** The URL of a server that scripts/test.mjs brought up. A missing one fails the test, loudly. */
export function serverUrl(name: ServerName): string {
  const url = findServerUrl(name)
  if (url !== undefined) return url
  throw new Error(
    `${variables[name]} is not set, so this suite has no server to run against. ` +
      'Run it through `node scripts/test.mjs`, which brings the servers up.',
  )
}

/** Undefined when this run has no such server. */
export function findServerUrl(name: ServerName): string | undefined {
  return process.env[variables[name]]
}

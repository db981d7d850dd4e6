import { randomBytes } from 'node:crypto'

import { serverUrl } from '@sluice/testkit/server-urls'
import { Client } from 'pg'

/** The Redis and NATS of this test run. Data of other installations in them is harmless. */
export function serverUrls(): { redisUrl: string; natsUrl: string } {
  return { redisUrl: serverUrl('redis'), natsUrl: serverUrl('nats') }
}

export interface FreshDatabase {
  name: string
  url: string
}

/** Creates an empty database; the installation's `setup` migrates it. */
export async function freshDatabase({
  server = serverUrl('postgres'),
}: { server?: string | undefined } = {}): Promise<FreshDatabase> {
  const name = `e2e_${randomBytes(8).toString('hex')}`
  await asAdmin(server, `create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { name, url: url.href }
}

export async function dropDatabase({ name, url }: FreshDatabase): Promise<void> {
  const server = new URL(url)
  server.pathname = '/postgres'
  await asAdmin(server.href, `drop database ${name} with (force)`)
}

async function asAdmin(server: string, statement: string): Promise<void> {
  const admin = new Client({ connectionString: server })
  await admin.connect()
  try {
    await admin.query(statement)
  } finally {
    await admin.end()
  }
}

import { randomBytes } from 'node:crypto'

import { serverUrl } from '@sluice/testkit/server-urls'
import { Client } from 'pg'

/** The Redis and NATS of this test run. What other installations left there are stale hints, no more. */
export function serverUrls(): { redisUrl: string; natsUrl: string } {
  return { redisUrl: serverUrl('redis'), natsUrl: serverUrl('nats') }
}

export interface FreshDatabase {
  name: string
  url: string
}

/** An empty database, not yet migrated: the installation's own `setup` does that. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const name = `e2e_${randomBytes(8).toString('hex')}`
  await asAdmin(`create database ${name}`)
  const url = new URL(serverUrl('postgres'))
  url.pathname = `/${name}`
  return { name, url: url.href }
}

export async function dropDatabase({ name }: FreshDatabase): Promise<void> {
  await asAdmin(`drop database ${name} with (force)`)
}

async function asAdmin(statement: string): Promise<void> {
  const admin = new Client({ connectionString: serverUrl('postgres') })
  await admin.connect()
  try {
    await admin.query(statement)
  } finally {
    await admin.end()
  }
}

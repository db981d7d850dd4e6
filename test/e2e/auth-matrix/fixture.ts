import type { Role } from '@sluice/contracts/control/permissions'
import type { ControlOperation, ControlRoute } from '@sluice/contracts/control/routes'
import { controlRoutes } from '@sluice/contracts/control/routes'

import type { Running } from '../harness/running.ts'

export const PASSWORD = 'a long pass phrase of the matrix'
export const ADMIN_EMAIL = 'admin@matrix.test'

/** A caller; anonymous without a token. */
export interface Actor {
  name: 'anonymous' | 'owner' | 'other' | 'banned' | 'admin'
  role: Role | undefined
  email: string
  userId: string
  token: string | undefined
}

export interface Fixture {
  running: Running
  actors: Record<Actor['name'], Actor>
  /** Ids that only the owner may see. */
  secrets: Set<string>
}

export interface CallInput {
  params?: Record<string, string>
  query?: Record<string, string>
  body?: unknown
  headers?: Record<string, string>
}

/** Calls one operation with a token. Streams are aborted after their headers. */
export async function send(
  { running }: Pick<Fixture, 'running'>,
  operation: ControlOperation,
  { as, input = {} }: { as: string | undefined; input?: CallInput },
): Promise<{ status: number; type: string; text: string }> {
  const route: ControlRoute = controlRoutes[operation]
  const path = route.path.replaceAll(/:(\w+)/g, (_all, name: string) =>
    encodeURIComponent(input.params?.[name] ?? ''),
  )
  const query = new URLSearchParams(input.query).toString()
  const abort = new AbortController()
  const answer = await fetch(`${running.baseUrl}${path}${query && `?${query}`}`, {
    method: route.method,
    headers: {
      ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
      ...(input.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...input.headers,
    },
    ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
    signal: abort.signal,
  })
  const type = answer.headers.get('content-type') ?? ''
  if (type.startsWith('text/event-stream')) {
    abort.abort()
    return { status: answer.status, type, text: '' }
  }
  return { status: answer.status, type, text: await answer.text() }
}

/** As `send`, for setup calls that must succeed. */
export async function must<Answer>(
  fixture: Pick<Fixture, 'running'>,
  operation: ControlOperation,
  request: { as: string | undefined; input?: CallInput },
): Promise<Answer> {
  const { status, text } = await send(fixture, operation, request)
  if (status >= 300) throw new Error(`${operation}: ${status} ${text}`)
  // Typed by the contract; a wrong shape fails the test that uses it.
  return JSON.parse(text) as Answer
}

export async function signIn(fixture: Pick<Fixture, 'running'>, email: string): Promise<string> {
  const body = { email, password: PASSWORD }
  const { access_token } = await must<{ access_token: string }>(fixture, 'login', {
    as: undefined,
    input: { body },
  })
  return access_token
}

/** Creates the actors in an installation that was started with `ADMIN_EMAIL` and `PASSWORD`. */
export async function populate(running: Running): Promise<Fixture> {
  const asAdmin = await signIn({ running }, ADMIN_EMAIL)
  const createActor = async (name: Actor['name'], role: Role): Promise<Actor> => {
    const email = `${name}@matrix.test`
    const body = { email, role, password: PASSWORD }
    const { id } = await must<{ id: string }>({ running }, 'createUser', {
      as: asAdmin,
      input: { body },
    })
    return { name, role, email, userId: id, token: await signIn({ running }, email) }
  }
  const me = await must<{ user: { id: string } }>({ running }, 'getMe', { as: asAdmin })
  const owner = await createActor('owner', 'user')
  const other = await createActor('other', 'user')
  const banned = await createActor('banned', 'user')
  const admin: Actor = {
    name: 'admin',
    role: 'admin',
    email: ADMIN_EMAIL,
    userId: me.user.id,
    token: asAdmin,
  }
  for (const { userId } of [owner, other, admin])
    await must({ running }, 'grantCredits', {
      as: asAdmin,
      input: {
        params: { id: userId },
        headers: { 'idempotency-key': `matrix-${userId}` },
        body: { amount_micro: '1000000000', note: 'for the matrix' },
      },
    })
  await must({ running }, 'editUser', {
    as: asAdmin,
    input: { params: { id: banned.userId }, body: { banned: true, ban_reason: 'matrix' } },
  })
  const anonymous: Actor = {
    name: 'anonymous',
    role: undefined,
    email: '',
    userId: '',
    token: undefined,
  }
  const secrets = new Set([owner.userId])
  return { running, actors: { anonymous, owner, other, banned, admin }, secrets }
}

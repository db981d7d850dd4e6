import type { EdgeApi } from '@sluice/edge-api/module'

type Identity = EdgeApi['identity']
type User = NonNullable<Awaited<ReturnType<Identity['findUserById']>>>

export const PASSWORD = 'correct horse battery'

export interface Answer {
  status: number
  headers: Headers
  text: string
  /** Undefined when there is none, or it is no JSON object. */
  body: Record<string, unknown>
}

export interface RequestInput {
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** Asks the door as one person. */
export type SendRequest = (
  method: string,
  path: string,
  requestInput?: RequestInput,
) => Promise<Answer>

/** An admin and a user who have signed in, and how to become more people. */
export async function signedInUsersOf({ url, identity }: { url: string; identity: Identity }) {
  const askAs =
    (token: string): SendRequest =>
    async (method, path, { body, headers = {}, signal } = {}) => {
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      })
      const text = await answer.text()
      return { status: answer.status, headers: answer.headers, text, body: parsed(text) }
    }
  const signIn = async (email: string, password = PASSWORD): Promise<SendRequest> => {
    const { accessToken } = await identity.signIn({ email, password, address: '127.0.0.1' })
    return askAs(accessToken)
  }
  const settle = async (
    email: string,
    role: User['role'],
  ): Promise<{ user: User; send: SendRequest }> => {
    const { user } = await identity.createUser({ email, role, password: PASSWORD })
    return { user, send: await signIn(email) }
  }
  const root = await settle('root@b.test', 'admin')
  const ada = await settle('ada@b.test', 'user')
  return { root: root.user, ada: ada.user, admin: root.send, user: ada.send, settle, signIn }
}

function parsed(text: string): Record<string, unknown> {
  if (!text.startsWith('{')) return {}
  return asRecord(JSON.parse(text))
}

/** Members of a JSON object; tests look for what they expect in it. */
export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** The error that an answer carries: status, code and param. */
export function refusalOf({ status, body }: Answer) {
  const { code, param } = asRecord(body['error'])
  return { status, code, param }
}

export function messageOf({ body }: Answer): string {
  return String(asRecord(body['error'])['message'])
}

export function itemsOf({ body }: Pick<Answer, 'body'>): Record<string, unknown>[] {
  const { items } = body
  return Array.isArray(items) ? items.map(asRecord) : []
}

import type { EdgeApi } from '@sluice/edge-api/module'

type Identity = EdgeApi['identity']
type User = NonNullable<Awaited<ReturnType<Identity['findUserById']>>>

export const PASSWORD = 'correct horse battery'

export interface Answer {
  status: number
  headers: Headers
  text: string
  /** Empty when the answer is not a JSON object. */
  body: Record<string, unknown>
}

export interface RequestInput {
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** Sends a request as one user. */
export type SendRequest = (
  method: string,
  path: string,
  requestInput?: RequestInput,
) => Promise<Answer>

/** An admin and a user who are signed in, and functions to create and sign in more users. */
export async function signedInUsersOf({ url, identity }: { url: string; identity: Identity }) {
  const senderOf =
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
    return senderOf(accessToken)
  }
  const createSignedIn = async (
    email: string,
    role: User['role'],
  ): Promise<{ user: User; send: SendRequest }> => {
    const { user } = await identity.createUser({ email, role, password: PASSWORD })
    return { user, send: await signIn(email) }
  }
  const root = await createSignedIn('root@b.test', 'admin')
  const ada = await createSignedIn('ada@b.test', 'user')
  return {
    root: root.user,
    ada: ada.user,
    admin: root.send,
    user: ada.send,
    createSignedIn,
    signIn,
  }
}

function parsed(text: string): Record<string, unknown> {
  if (!text.startsWith('{')) return {}
  return asRecord(JSON.parse(text))
}

/** The members of a JSON object; empty for any other value. */
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

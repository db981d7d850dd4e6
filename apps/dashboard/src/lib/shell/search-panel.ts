import type { ControlOperation } from '@sluice/contracts/control/routes'
import type { Permission } from '@sluice/contracts/control/permissions'
import type { Api } from '#lib/api/create-api.ts'
import { paths } from '#lib/paths.ts'

export type Found = {
  id: string
  kind: 'key' | 'job' | 'user'
  label: string
  note: string
  href: string
}

/** Results per kind that fit without scrolling. */
export const FOUND_MAX = 6
/** Shorter texts match nearly everything. */
export const SOUGHT_CHARACTERS_MIN = 2

type Deps = {
  api: Pick<Api, Extract<ControlOperation, 'listApiKeys' | 'listImages' | 'listUsers'>>
}

/**
 * Finds keys by name or id, own image jobs by prompt and, with the permission, users by e-mail or id. Rejects
 * with ApiError when one of the requests fails.
 */
export async function searchPanel(
  { api }: Deps,
  { text, may, signal }: { text: string; may: readonly Permission[]; signal: AbortSignal },
): Promise<Found[]> {
  const sought = text.trim()
  if (sought.length < SOUGHT_CHARACTERS_MIN) return []
  const [keys, jobs, users] = await Promise.all([
    may.includes('own-keys:read') ? findKeys({ api }, sought, signal) : [],
    may.includes('own-images:read') ? findJobs({ api }, sought, signal) : [],
    may.includes('users:read') ? findUsers({ api }, sought, signal) : [],
  ])
  return [...keys, ...jobs, ...users]
}

async function findKeys({ api }: Deps, sought: string, signal: AbortSignal): Promise<Found[]> {
  const { items } = await api.listApiKeys({ query: { limit: 100 }, signal })
  const needle = sought.toLowerCase()
  return items
    .filter((key) => `${key.name} ${key.prefix} ${key.id}`.toLowerCase().includes(needle))
    .slice(0, FOUND_MAX)
    .map((key) => ({
      id: key.id,
      kind: 'key',
      label: key.name,
      note: key.prefix,
      href: paths.keys({ edit: key.id }),
    }))
}

async function findJobs({ api }: Deps, sought: string, signal: AbortSignal): Promise<Found[]> {
  const { items } = await api.listImages({ query: { q: sought, limit: FOUND_MAX }, signal })
  return items.map((job) => ({
    id: job.id,
    kind: 'job',
    label: job.prompt,
    note: job.model,
    href: paths.image(job.id),
  }))
}

async function findUsers({ api }: Deps, sought: string, signal: AbortSignal): Promise<Found[]> {
  const { items } = await api.listUsers({ query: { q: sought, limit: FOUND_MAX }, signal })
  return items.map((user) => ({
    id: user.id,
    kind: 'user',
    label: user.email,
    note: user.role,
    href: paths.user(user.id),
  }))
}

/** The page of a complete id, without a request. */
export function readId(
  text: string,
  may: readonly Permission[],
): { kind: 'job' | 'user' | 'key'; id: string; href: string } | undefined {
  const id = text.trim()
  const prefix = /^([a-z]{2,8})_[0-9a-f]{32}$/.exec(id)?.[1]
  if (prefix === 'img') {
    return {
      kind: 'job',
      id,
      href: may.includes('images:read') ? paths.anyImage(id) : paths.image(id),
    }
  }
  if (prefix === 'key') return { kind: 'key', id, href: paths.keys({ edit: id }) }
  if (prefix === 'usr' && may.includes('users:read'))
    return { kind: 'user', id, href: paths.user(id) }
  return undefined
}

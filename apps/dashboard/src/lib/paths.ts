/** Every path of the panel. Pages link by these functions, so that moving a page is one line. */
export const paths = {
  overview: () => '/',
  studio: () => '/studio',
  gallery: (filter?: Query) => withQuery('/gallery', filter),
  image: (id: string) => `/gallery/${encodeURIComponent(id)}`,
  keys: (filter?: Query) => withQuery('/keys', filter),
  usage: (filter?: Query) => withQuery('/usage', filter),
  charge: (id: string) => `/usage/charges/${encodeURIComponent(id)}`,
  ledger: (filter?: Query) => withQuery('/ledger', filter),
  account: () => '/account',
  welcome: () => '/welcome',

  login: (next?: string) => withQuery('/login', { next: next === '/' ? undefined : next }),
  register: (next?: string) => withQuery('/register', { next: next === '/' ? undefined : next }),
  logout: () => '/logout',

  admin: () => '/admin',
  users: (filter?: Query) => withQuery('/admin/users', filter),
  user: (id: string) => `/admin/users/${encodeURIComponent(id)}`,
  channels: (filter?: Query) => withQuery('/admin/channels', filter),
  channel: (id: string) => `/admin/channels/${encodeURIComponent(id)}`,
  models: (filter?: Query) => withQuery('/admin/models', filter),
  model: (name: string) => `/admin/models/${encodeURIComponent(name)}`,
  allImages: (filter?: Query) => withQuery('/admin/images', filter),
  anyImage: (id: string) => `/admin/images/${encodeURIComponent(id)}`,

  openApi: () => '/api/openapi.json',
} as const

export type Query = Readonly<Record<string, string | number | undefined>>

/** A path with a query; empty and absent values are omitted. */
export function withQuery(path: string, query: Query = {}): string {
  const messages = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') messages.set(name, String(value))
  }
  const text = messages.toString()
  return text === '' ? path : `${path}?${text}`
}

/**
 * The path to open after signing in: a path of this site, or the overview. Values that a browser treats as
 * another site (`//host`, `/\host`, a scheme, control characters) are refused.
 */
export function localPath(text: string | null | undefined): string {
  if (!text || !/^\/(?![/\\])[^\p{Cc}\\]*$/u.test(text)) return paths.overview()
  const base = 'http://local.invalid'
  if (!URL.canParse(text, base)) return paths.overview()
  const url = new URL(text, base)
  // A path with dots may still begin with two slashes once they are resolved.
  if (url.origin !== base || url.pathname.startsWith('//')) return paths.overview()
  return `${url.pathname}${url.search}${url.hash}`
}

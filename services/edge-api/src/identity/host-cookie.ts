/** The longest cookie age that browsers accept. The session's row decides when it really ends. */
const COOKIE_AGE_S = 400 * 86_400

const LOCAL = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/

export interface HostCookie {
  readonly name: string
  /** False where browsers would reject a Secure cookie. */
  readonly secure: boolean
  /** Both return the value of a Set-Cookie header. */
  set(token: string): string
  clear(): string
  /** The token in a Cookie header. */
  read(header: string | undefined): string | undefined
}

/**
 * A cookie of the panel. With an https public URL, or on localhost (which browsers treat alike), it has the
 * prefix `__Host-`: it can be set by this host only, for this host only, and over encryption only. With any
 * other URL browsers would reject that, so the cookie is plain and can be read from the traffic.
 */
export function createHostCookie(
  plainName: 'sluice_session' | 'sluice_device',
  { publicBaseUrl = 'http://localhost' }: { publicBaseUrl: string | undefined },
): HostCookie {
  const { protocol, hostname } = new URL(publicBaseUrl)
  const secure = protocol === 'https:' || LOCAL.test(hostname)
  const name = secure ? `__Host-${plainName}` : plainName
  const flags = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
  return {
    name,
    secure,
    set: (token) => `${name}=${token}; Max-Age=${COOKIE_AGE_S}; ${flags}`,
    clear: () => `${name}=; Max-Age=0; ${flags}`,
    read(header) {
      const pairs = header?.split(';') ?? []
      const pair = pairs.find((one) => one.trimStart().startsWith(`${name}=`))
      return pair?.trim().slice(name.length + 1)
    },
  }
}

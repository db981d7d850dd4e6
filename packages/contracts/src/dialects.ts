/** The dialects of upstreams. Without schemas, so that the browser can import it. */
export const dialects = ['openai', 'sandbox'] as const
export type Dialect = (typeof dialects)[number]

const builtIn = { openai: false, sandbox: true } as const satisfies Record<Dialect, boolean>

/**
 * Whether a dialect generates responses in the process of its caller, without an upstream: its channels have
 * no base URL and accept every credential.
 */
export function isBuiltIn(dialect: Dialect): boolean {
  return builtIn[dialect]
}

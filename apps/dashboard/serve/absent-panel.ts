import type { Panel } from './create-panel.ts'

/**
 * Response when the panel was not built: the gateway runs without it, and this page states how to
 * build it.
 */
export function absentPanel(): Panel {
  const text = [
    'The gateway is running, but the panel was not built.',
    'Build it with `pnpm build:panel`, which reports what is wrong, and restart.',
    'The API is at /v1 and /api.',
    '',
  ].join('\n')
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
  return { fetch: async () => new Response(text, { status: 503, headers }) }
}

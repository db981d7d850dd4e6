import type { Panel } from './create-panel.ts'

/**
 * What answers in place of a panel that was not built: the gateway goes on without it, and its page
 * says how to get one.
 */
export function absentPanel(): Panel {
  const text = [
    'The gateway runs; its panel was not built.',
    'Build it with `pnpm build:panel`, which says what is wrong, and start again.',
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

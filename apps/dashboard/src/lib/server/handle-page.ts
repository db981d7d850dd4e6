import type { Handle } from '@sveltejs/kit/hooks'

import { readChoice } from '../site/site-choice.ts'
import { renderFrame } from './render-frame.ts'
import { securityHeaders } from './security-headers.ts'

// Only the response headers that the client reads are sent to the page.
const readable = new Set(['content-type', 'retry-after', 'x-request-id'])

/** The panel's handler: reads the user's settings, renders, and adds security headers. */
export const handlePage: Handle = async ({ event, resolve }) => {
  event.locals.setCookies = []
  event.locals.choice = readChoice({
    cookie: (name) => event.cookies.get(name),
    acceptLanguage: event.request.headers.get('accept-language'),
  })
  const rendered = await resolve(event, {
    transformPageChunk: ({ html }) => renderFrame(html, event.locals.choice),
    filterSerializedResponseHeaders: (name) => readable.has(name),
  })
  // The headers may be immutable.
  const answer = new Response(rendered.body, rendered)
  for (const [name, value] of Object.entries(securityHeaders)) answer.headers.set(name, value)
  // Pages have personal data; neither a proxy nor the browser history may show them to another user.
  if (!answer.headers.has('cache-control')) answer.headers.set('cache-control', 'private, no-store')
  for (const line of event.locals.setCookies) answer.headers.append('set-cookie', line)
  return answer
}

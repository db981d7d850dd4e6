import type { Handle } from '@sveltejs/kit/hooks'

import { readChoice } from '../site/site-choice.ts'
import { renderFrame } from './render-frame.ts'
import { securityHeaders } from './security-headers.ts'

// Of the gateway's answers, those headers reach a page that the client reads: the rest stays here.
const readable = new Set(['content-type', 'retry-after', 'x-request-id'])

/** The panel's one handler: reads the person's choices, renders, and hardens the answer. */
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
  // Its headers may be those of an answer that cannot be changed.
  const answer = new Response(rendered.body, rendered)
  for (const [name, value] of Object.entries(securityHeaders)) answer.headers.set(name, value)
  // Pages show what is somebody's own; neither a proxy nor the way back may show them to the next.
  if (!answer.headers.has('cache-control')) answer.headers.set('cache-control', 'private, no-store')
  for (const line of event.locals.setCookies) answer.headers.append('set-cookie', line)
  return answer
}

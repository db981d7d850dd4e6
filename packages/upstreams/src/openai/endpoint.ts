import { failureOf } from '../failure-treatments.ts'
import { readSettings } from '../read-settings.ts'
import type { UpstreamAccess } from '../upstream.ts'
import { UpstreamError } from '../upstream-error.ts'
import { openaiSettings } from './openai-settings.ts'

export interface Endpoint {
  origin: string
  path: string
  headers: Record<string, string>
}

/**
 * URL and headers of an API route. Organisation and project come from the channel only, never from the
 * caller. Throws an UpstreamError when the channel is misconfigured.
 */
export function endpointOf(access: UpstreamAccess, route: string): Endpoint {
  if (!URL.canParse(access.baseUrl)) throw new UpstreamError(failureOf('misconfigured'))
  const { origin, pathname, search } = new URL(access.baseUrl)
  const { organization, project } = readSettings(openaiSettings, access)
  return {
    origin,
    // A query in the base URL (`?api-version=`) is sent with every call.
    path: `${pathname.replace(/\/+$/, '')}/${route}${search}`,
    headers: {
      authorization: `Bearer ${access.secret}`,
      'accept-encoding': 'identity',
      ...(organization === undefined ? {} : { 'openai-organization': organization }),
      ...(project === undefined ? {} : { 'openai-project': project }),
    },
  }
}

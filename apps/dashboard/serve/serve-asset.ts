import { readFile } from 'node:fs/promises'

import { preferredEncoding } from './preferred-encoding.ts'
import type { PanelAsset } from './panel-build.ts'

const FOR_GOOD = 'max-age=31536000, immutable'
const FOR_AN_HOUR = 'public, max-age=3600'

const suffix = { br: '.br', gzip: '.gz' } as const

/**
 * Serves one file of the build. Its compressed variants were written by the build; each is read from disk
 * once and cached: a panel is about a megabyte.
 */
export function serveAssets() {
  const bytes = new Map<string, Promise<Uint8Array<ArrayBuffer>>>()
  const read = (path: string) => {
    const known = bytes.get(path)
    if (known) return known
    const reading = readFile(path)
    bytes.set(path, reading)
    reading.catch(() => bytes.delete(path))
    return reading
  }

  return async (asset: PanelAsset, request: Request): Promise<Response> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } })
    }
    const encoding = preferredEncoding(request.headers.get('accept-encoding'), asset.encodings)
    const headers = new Headers({
      'content-type': asset.type,
      'cache-control': asset.immutable ? FOR_GOOD : FOR_AN_HOUR,
      vary: 'accept-encoding',
      'x-content-type-options': 'nosniff',
    })
    // Immutable files are never revalidated.
    if (!asset.immutable) headers.set('etag', asset.etag)
    if (request.headers.get('if-none-match')?.includes(asset.etag)) {
      return new Response(null, { status: 304, headers })
    }
    if (encoding) headers.set('content-encoding', encoding)
    const body = await read(encoding ? `${asset.path}${suffix[encoding]}` : asset.path)
    headers.set('content-length', String(body.byteLength))
    return new Response(request.method === 'HEAD' ? null : body, { headers })
  }
}

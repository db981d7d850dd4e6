import { AppError } from '@sluice/kernel/app-error'
import { crashPoint } from '@sluice/service-kit/crash-point'

import { checkLink } from './check/check-link.ts'
import type { ImgproxyDeps } from './deps.ts'
import { imgproxyLimits } from './deps.ts'
import { createFindPicture, pictureNotFound } from './fetch/find-picture.ts'
import type { CheckedLink, FoundPicture, PictureResponse, PictureRequest } from './picture.ts'
import type { RenderVariant } from './render/create-renderer.ts'
import { createRenderer } from './render/create-renderer.ts'
import type { RenderableVariant } from './render/render-variant.ts'
import { isNotModified, selectRange } from './render/conditional-headers.ts'
import { cacheHeaders, pictureHeaders } from './render/picture-headers.ts'
import { entityTag } from './variant.ts'

/** The flow: check the link, find the picture, render the requested variant. */
export function createServeImage(
  deps: ImgproxyDeps,
): (request: PictureRequest) => Promise<PictureResponse> {
  const findPicture = createFindPicture(deps)
  const render = createRenderer(deps, { ...imgproxyLimits, ...deps.limits })
  const served = deps.metrics.counter({
    name: 'sluice_pictures_served_total',
    help: 'Pictures served, by kind of variant.',
    labels: { kind: ['original', 'resized', 'thumbnail', 'not-modified'] },
  })

  return async (request) => {
    const link = checkLink(deps, request)
    const found = await findPicture(link)
    const { variant } = request.query
    const tag = entityTag(found.sha256, variant)
    const maxAgeSeconds = secondsUntil(deps, link)

    if (isNotModified(request.ifNoneMatch, tag)) {
      served.add({ kind: 'not-modified' })
      return { status: 304, headers: cacheHeaders({ tag, maxAgeSeconds }) }
    }
    served.add({ kind: variant.kind })
    crashPoint('imgproxy-before-answer')
    const context = { link, found, tag, maxAgeSeconds }
    return variant.kind === 'original'
      ? original(deps, { request, ...context })
      : rendered({ deps, render }, { request, variant, ...context })
  }
}

interface Context {
  request: PictureRequest
  link: CheckedLink
  found: FoundPicture
  tag: string
  maxAgeSeconds: number
}

async function original(
  { blobs }: ImgproxyDeps,
  { request, link, found, tag, maxAgeSeconds }: Context,
): Promise<PictureResponse> {
  const { bytes: length, contentType, key } = found
  const headers = (contentLength: number) =>
    pictureHeaders({ picture: link, contentType, contentLength, tag, maxAgeSeconds, ranges: true })
  if (request.method === 'HEAD') return { status: 200, headers: headers(length) }

  const selection = selectRange({ ...request, tag, length })
  if (selection.kind === 'unsatisfiable')
    return {
      status: 416,
      headers: { 'content-range': `bytes */${length}`, 'cache-control': 'no-store' },
    }
  const range = selection.kind === 'part' ? selection : undefined
  const blob = await blobs.open(key, range)
  if (!blob) throw pictureNotFound()
  if (!range) return { status: 200, headers: headers(length), body: blob.stream }
  const { start, end } = range
  return {
    status: 206,
    headers: { ...headers(end - start + 1), 'content-range': `bytes ${start}-${end}/${length}` },
    body: blob.stream,
  }
}

async function rendered(
  { deps: { blobs }, render }: { deps: ImgproxyDeps; render: RenderVariant },
  { request, link, found, variant, tag, maxAgeSeconds }: Context & { variant: RenderableVariant },
): Promise<PictureResponse> {
  // sharp also reads SVG and document formats, which are a security risk; those must never reach it.
  if (!found.contentType) throw new AppError('invalid_image', 'These bytes are not a picture.')
  const readSource = async () => {
    const source = await blobs.read(found.key)
    if (!source) throw pictureNotFound()
    return source
  }
  const { bytes, contentType } = await render({ ...found, variant, readSource })
  const headers = pictureHeaders({
    picture: link,
    contentType,
    contentLength: bytes.length,
    tag,
    maxAgeSeconds,
    ranges: false,
  })
  return { status: 200, headers, ...(request.method === 'GET' && { body: bytes }) }
}

const secondsUntil = ({ clock }: ImgproxyDeps, { expiresAt }: CheckedLink) =>
  Math.max(0, Math.floor((expiresAt.getTime() - clock.nowMs()) / 1_000))

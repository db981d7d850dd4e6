import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { AppError } from '@sluice/kernel/app-error'
import { assert } from '@sluice/kernel/assert'
import { newId } from '@sluice/kernel/ids'
import { renderError } from '@sluice/protocol/error-envelope'
import {
  createErrorHandler,
  logAccess,
  assignRequestId,
  outgoingOf,
} from '@sluice/service-kit/http/middleware'
import type { RenderError, RequestEnv } from '@sluice/service-kit/http/middleware'
import { Hono } from 'hono'

import type { ImgproxyDeps } from '../deps.ts'
import type { PictureResponse, PictureRequest } from '../picture.ts'
import { readPictureQuery } from './read-picture-query.ts'
import { sendPicture } from './send-picture.ts'

export type ServeImage = (request: PictureRequest) => Promise<PictureResponse>

/** The route `GET` and `HEAD /p/img/{task}/{index}?exp=&sig=`, with variants. Runs on Node only. */
export function imageApp(deps: ImgproxyDeps, { serveImage }: { serveImage: ServeImage }) {
  const app = new Hono<RequestEnv>()
  app.use(
    '/p/*',
    assignRequestId(() => newId('req', deps)),
    logAccess(deps),
  )
  app.onError(createErrorHandler({ log: deps.log, render: renderEnvelope }))

  app.get('/p/img/:task/:index', async (c) => {
    const outgoing = outgoingOf(c)
    assert(outgoing, 'pictures are served by Node')
    const response = await serveImage({
      method: c.req.method === 'HEAD' ? 'HEAD' : 'GET',
      picture: { task: c.req.param('task'), index: c.req.param('index') },
      query: readPictureQuery(c.req.queries()),
      ifNoneMatch: c.req.header('if-none-match'),
      range: c.req.header('range'),
      ifRange: c.req.header('if-range'),
    })
    // Hono copies the response to HEAD, and a copy would not be recognized as RESPONSE_ALREADY_SENT.
    if (c.req.method === 'HEAD') return new Response(null, response)
    // Bodies bypass web streams, because copying bytes is most of this service's work.
    await sendPicture({ log: deps.log }, { outgoing, response })
    return RESPONSE_ALREADY_SENT
  })
  app.all('/p/img/:task/:index', (c) => {
    outgoingOf(c)?.setHeader('allow', 'GET, HEAD')
    throw new AppError('method_not_allowed', 'Only GET and HEAD are supported.')
  })
  app.all('/p/*', (c) => {
    throw new AppError('not_found', `No route ${c.req.method} ${c.req.path}.`)
  })
  return app
}

const renderEnvelope: RenderError = (error) => {
  const { status, headers, envelope } = renderError(error)
  return new Response(JSON.stringify(envelope), {
    status,
    headers: { ...headers, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  })
}

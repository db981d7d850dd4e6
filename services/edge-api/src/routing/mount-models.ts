import { AppError } from '@sluice/kernel/app-error'

import type { GatewayContext } from '../gateway-context.ts'
import type { EdgeApp } from '../http/request.ts'
import { mayUseModel, modelNotFound } from '../http/request.ts'

/**
 * `created` is required by the spec, but models have no creation date here. The constant (2026-11-21) keeps
 * the list stable between calls.
 */
const CREATED_S = 1_795_219_200

/** GET /v1/models, and one model by its name, which may contain a slash, encoded or not. */
export function mountModels(app: EdgeApp, gateway: GatewayContext): void {
  app.get('/v1/models', async (context) => {
    const { principal } = await gateway.admit(context)
    const usable = gateway.catalog.current().models.filter((model) => mayUseModel(principal, model))
    return context.json({ object: 'list', data: usable.map(modelObject) })
  })

  app.get('/v1/models/:model{.+}', async (context) => {
    const { principal } = await gateway.admit(context)
    const model = readName(context.req.param('model'))
    const isKnown = mayUseModel(principal, model) && gateway.catalog.current().routesOf(model)
    if (!isKnown) throw modelNotFound(model)
    return context.json(modelObject(model))
  })
}

// The spec requires all four keys; clients validate them.
function modelObject(id: string) {
  return { id, object: 'model', created: CREATED_S, owned_by: 'sluice' }
}

function readName(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new AppError('model_not_found', 'No such model.', { cause, param: 'model' })
  }
}

import { isBuiltIn } from '@sluice/contracts/dialects'
import { hasPermission } from '@sluice/contracts/control/permissions'

import { createApi } from '#lib/api/create-api.ts'
import { loadMessages } from '#lib/i18n/load-messages.ts'
import { firstModel } from '#lib/pictures/first-model.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const { language, me } = await event.parent()
  const isOperator = hasPermission(me.user.role, 'channels:read')
  const [messages, models, channels] = await Promise.all([
    loadMessages(language, 'welcome'),
    createApi(event.fetch).listImageModels(),
    isOperator ? createApi(event.fetch).listChannels() : undefined,
  ])
  const working = channels?.items.filter(({ enabled }) => enabled)
  return {
    messages,
    model: firstModel(models.images)?.model ?? 'gpt-image-2',
    /** Undefined without the permission to read it. */
    builtInOnly: working?.every(({ dialect }) => isBuiltIn(dialect)),
    origin: event.url.origin,
  }
}

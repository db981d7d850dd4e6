import type { ShownChannel } from '@sluice/contracts/control/admin'
import type { Encoded } from '@sluice/contracts/control/operation-types'
import type { z } from 'zod'

import type { channelForm, newChannelForm } from './channel-form.ts'
import { formatModels, linesOf, parseModels } from './channel-models.ts'
import { formatSettings, parseSettings, settingsChange } from './channel-settings.ts'

type Settings = Omit<z.output<typeof channelForm>, 'initialValues'>

/** The form values of a channel; secrets are never sent to the form. */
export function formOfChannel(channel: ShownChannel): z.output<typeof channelForm> {
  const settings: Settings = {
    base_url: channel.base_url,
    priority: String(channel.priority),
    weight: String(channel.weight),
    models: formatModels(channel.models),
    settings: formatSettings(channel.settings),
    secrets: '',
    concurrency_max: '64',
  }
  return { ...settings, initialValues: JSON.stringify(settings) }
}

/** The API body for a new channel. */
export function newChannelBody(
  form: z.output<typeof newChannelForm>,
): Encoded<'createChannel'>['body'] {
  return {
    name: form.name,
    dialect: form.dialect,
    base_url: form.base_url,
    priority: Number(form.priority),
    weight: Number(form.weight),
    models: parseModels(form.models).models,
    settings: parseSettings(form.settings, form.dialect),
    secrets: linesOf(form.secrets),
    concurrency_max: Number(form.concurrency_max),
  }
}

/** The API body with only the changed fields. `known` is the stored channel. */
export function changedChannelBody(
  form: z.output<typeof channelForm>,
  known: Pick<ShownChannel, 'dialect' | 'models' | 'settings'>,
): Encoded<'editChannel'>['body'] {
  const before = settingsOf(form.initialValues)
  const differs = (name: keyof Settings) => form[name] !== before[name]
  const secrets = linesOf(form.secrets)
  return {
    ...(differs('base_url') && { base_url: form.base_url }),
    ...(differs('priority') && { priority: Number(form.priority) }),
    ...(differs('weight') && { weight: Number(form.weight) }),
    ...(differs('models') && { models: parseModels(form.models, known.models).models }),
    ...(differs('settings') && { settings: settingsChange(form.settings, known) }),
    ...(secrets.length > 0 && { secrets, concurrency_max: Number(form.concurrency_max) }),
  }
}

function settingsOf(text: string): Partial<Settings> {
  try {
    const settings: unknown = JSON.parse(text)
    return typeof settings === 'object' && settings !== null ? settings : {}
  } catch {
    // Without initial values every field counts as changed.
    return {}
  }
}

import { taskStates } from '#lib/pictures/task.ts'
import type { Encoded } from '@sluice/contracts/control/operation-types'

type ListQuery = NonNullable<Encoded<'listImages'>['query']>

const TEXT_CHARS_MAX = 200

/** The filter of the URL. Values that the gateway would refuse are ignored. */
export function readGalleryQuery(query: Pick<URLSearchParams, 'get'>): ListQuery {
  const text = (name: string) => query.get(name)?.trim().slice(0, TEXT_CHARS_MAX) || undefined
  const day = (name: string) => {
    const text = query.get(name) ?? ''
    return /^\d{4}-\d{2}-\d{2}$/.test(text) && isDay(text) ? text : undefined
  }
  const state = taskStates.find((one) => one === query.get('state'))
  const model = text('model')
  const q = text('q')
  const from = day('from')
  const to = day('to')
  return {
    ...(state && { state }),
    ...(model && { model }),
    ...(q && { q }),
    ...(from && { from }),
    ...(to && { to }),
  }
}

function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}

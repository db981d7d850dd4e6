/** The filter of the usage page; absent values mean no restriction. */
export interface UsageFilter {
  from?: string
  to?: string
  model?: string
  api_key_id?: string
}

/** Reads the filter; an invalid day is ignored, so that an old link still opens. */
export function readUsageFilter(params: URLSearchParams): UsageFilter {
  const day = (name: string) => {
    const text = params.get(name) ?? ''
    return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined
  }
  const [from, to] = [day('from'), day('to')]
  const model = params.get('model') || undefined
  const key = params.get('api_key_id') || undefined
  return {
    ...(from && { from }),
    ...(to && { to }),
    ...(model && { model }),
    ...(key && { api_key_id: key }),
  }
}

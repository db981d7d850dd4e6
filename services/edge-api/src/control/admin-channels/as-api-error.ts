import { AppError, isAppError } from '@sluice/kernel/app-error'

/** What a service calls a parameter, and what this API calls it. */
const names: readonly [of: string, here: string][] = [
  ['baseUrl', 'base_url'],
  ['credentials', 'secrets'],
  ['models', 'models'],
  ['settings', 'settings'],
  ['row.price', 'price'],
]

/** Waits for a service; refusals that name a parameter of its contract name the one of this API. */
export async function asApiError<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await asked
  } catch (err) {
    throw isAppError(err, 'invalid_value') ? renamed(err) : err
  }
}

function renamed(error: AppError): AppError {
  const { param = '', message } = error
  const known = names.find(([of]) => param === of || param.startsWith(`${of}.`))
  if (!known) return error
  const [of, here] = known
  const name = `${here}${param.slice(of.length)}`
  return new AppError('invalid_value', `'${name}': ${message}.`, { cause: error, param: name })
}

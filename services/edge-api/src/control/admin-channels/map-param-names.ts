import { AppError, isAppError } from '@sluice/kernel/app-error'

/** Parameter names of the services' contracts, with those of this API. */
const names: readonly [of: string, here: string][] = [
  ['baseUrl', 'base_url'],
  ['credentials', 'secrets'],
  ['models', 'models'],
  ['settings', 'settings'],
  ['row.price', 'price'],
]

/** Waits for a service call; an error that names a parameter of its contract gets the name in this API. */
export async function mapParamNames<Answer>(call: Promise<Answer>): Promise<Answer> {
  try {
    return await call
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

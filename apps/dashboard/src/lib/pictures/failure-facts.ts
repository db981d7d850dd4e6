/** The details of an upstream error, as the API returns them. */
export interface NamedFailure {
  param?: string | undefined
  upstream_code?: string | undefined
}

export interface FailureFactMessages {
  failureParam: (name: string) => string
  failureCode: (code: string) => string
}

/** The parameter and the upstream code of a failure as one line; undefined if it has neither. */
export function failureFacts(
  messages: FailureFactMessages,
  { param, upstream_code: code }: NamedFailure,
): string | undefined {
  const facts = [
    ...(param === undefined ? [] : [messages.failureParam(param)]),
    ...(code === undefined ? [] : [messages.failureCode(code)]),
  ]
  return facts.length > 0 ? facts.join(' ') : undefined
}

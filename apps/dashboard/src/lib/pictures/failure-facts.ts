/** What an upstream names of a mistake, as the API shows it. */
export interface NamedFailure {
  param?: string | undefined
  upstream_code?: string | undefined
}

export interface FailureFactMessages {
  failureParam: (name: string) => string
  failureCode: (code: string) => string
}

/** The parameter and the upstream's own code of a failure, as a line; undefined where it names neither. */
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

import type { FailureReason, UpstreamFailure } from '@sluice/upstreams/upstream'

/** What an operator can do about each failure to list models. Contains no text from the upstream. */
const sentences: Partial<Record<FailureReason, string>> = {
  unauthorised: 'The upstream rejects this secret. Check it there, or replace it.',
  'unauthorised-unclear':
    'The upstream rejects this secret without a reason. Check it there; it may only lack a permission.',
  'permission-missing': 'This key may not list models. It stays in use for its other permissions.',
  'request-refused': 'The upstream refuses to list its models, but does not reject the secret.',
  banned: 'The upstream has closed this account. Replace the credential.',
  'quota-spent': 'The account has no credit left. Pay its bill at the upstream.',
  'rate-limited':
    'The upstream limits how often its models are listed. The credential stays in use.',
  'region-refused': 'The upstream does not serve the region that this gateway calls from.',
  'connect-failed': 'The address cannot be reached. Check the base URL, its name and its port.',
  'connection-lost': 'The connection was lost before the answer came.',
  'tls-failed':
    'The certificate cannot be trusted. Check the base URL and the certificate of the upstream.',
  timeout: 'The upstream did not answer in time.',
  overloaded: 'The upstream is overloaded now. Try again later.',
  'server-error': 'The upstream failed.',
  misconfigured:
    'There is no list of models at this address. Check the path of the base URL; most end in /v1.',
  'model-unknown':
    'There is no list of models at this address. Check the path of the base URL; most end in /v1.',
  'answer-broken': 'The response from this address is not a list of models. Check the base URL.',
  'answer-empty': 'The response from this address is not a list of models. Check the base URL.',
  'answer-cut': 'The response was incomplete.',
  'answer-too-large': 'The list of models is larger than this gateway reads.',
}

/** Why a credential did not work, as a sentence for an operator, without secrets. */
export function failureText({ reason, status }: UpstreamFailure): string {
  const sentence = (reason && sentences[reason]) ?? 'The upstream did not serve the request.'
  return status === undefined ? sentence : `${sentence} (HTTP ${status})`
}

const known = new Map<string, string>(Object.entries(sentences))

/** The scheduler's reason of a credential's state, as a sentence if it is a known failure. */
export function reasonText(reason: string): string {
  return known.get(reason) ?? reason
}

import type { Examination } from '@sluice/upstreams/examine-credential'
import { probedOperations } from '@sluice/upstreams/examine-credential'
import type { UpstreamFailure } from '@sluice/upstreams/upstream'

const names = { chat: 'chat', image: 'generate images' }

/**
 * The result of an examination as one line for operators; `accepted`: the upstream accepted the key. Pure.
 */
export function examinationText({ listed, listFailure, permissions }: Examination): {
  accepted: boolean
  text: string
} {
  const list = listed
    ? `can list models (${listed.length})`
    : `${listFailure?.reason === 'permission-missing' ? 'cannot' : 'unknown:'} list models${causeText(listFailure)}`
  const probes = probedOperations.map((operation) => {
    const { can = 'unknown', failure } = permissions[operation] ?? {}
    if (can === 'yes') return `can ${names[operation]}`
    return `${can === 'no' ? 'cannot' : 'unknown:'} ${names[operation]}${causeText(failure)}`
  })
  const isPermitted = probedOperations.some((operation) => permissions[operation]?.can === 'yes')
  const isDenied = listFailure?.reason === 'permission-missing'
  const text = [list, ...probes].join('; ')
  return { accepted: listed !== undefined || isDenied || isPermitted, text }
}

/** Of the upstream's error, only the scope names are shown. */
function causeText(failure: UpstreamFailure | undefined): string {
  if (!failure) return ''
  const { missingScopes, reason, status } = failure
  if (missingScopes) return ` (missing scope ${missingScopes.join(', ')})`
  const facts = [reason, status === undefined ? undefined : `HTTP ${status}`]
  return ` (${facts.filter((fact) => fact !== undefined).join(', ')})`
}

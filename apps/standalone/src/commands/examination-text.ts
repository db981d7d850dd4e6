import type { Examination } from '@sluice/upstreams/examine-credential'
import { probedOperations } from '@sluice/upstreams/examine-credential'
import type { UpstreamFailure } from '@sluice/upstreams/upstream'

const names = { chat: 'chat', image: 'generate images' }

/** What an examination has shown, as a line for operators; `answers`: the upstream let the key in. Pure. */
export function examinationText({ listed, listFailure, permissions }: Examination): {
  answers: boolean
  cliArgs: string
} {
  const list = listed
    ? `can list models (${listed.length})`
    : `${listFailure?.reason === 'permission-missing' ? 'cannot' : 'not known:'} list models${why(listFailure)}`
  const probes = probedOperations.map((operation) => {
    const { can = 'unknown', failure } = permissions[operation] ?? {}
    if (can === 'yes') return `can ${names[operation]}`
    return `${can === 'no' ? 'cannot' : 'not known:'} ${names[operation]}${why(failure)}`
  })
  const isLetIn = probedOperations.some((operation) => permissions[operation]?.can === 'yes')
  const isDenied = listFailure?.reason === 'permission-missing'
  const cliArgs = [list, ...probes].join('; ')
  return { answers: listed !== undefined || isDenied || isLetIn, cliArgs }
}

/** Nothing of the upstream's own words but the names of scopes. */
function why(failure: UpstreamFailure | undefined): string {
  if (!failure) return ''
  const { missingScopes, reason, status } = failure
  if (missingScopes) return ` (missing scope ${missingScopes.join(', ')})`
  const facts = [reason, status === undefined ? undefined : `HTTP ${status}`]
  return ` (${facts.filter((fact) => fact !== undefined).join(', ')})`
}

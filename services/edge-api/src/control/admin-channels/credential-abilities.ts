import type { CatalogCredential, CredentialOperation } from '@sluice/contracts/scheduler.contract'
import type { Examination } from '@sluice/upstreams/examine-credential'
import { probedOperations } from '@sluice/upstreams/examine-credential'

export interface Ability {
  operation: CredentialOperation
  can: 'yes' | 'no' | 'unknown'
  /** Permissions that the upstream names as missing. */
  missing_scopes: string[]
}

/**
 * What a credential can do: what the test has just shown, and where it was inconclusive, what the upstream
 * has denied to earlier calls. Pure.
 */
export function abilitiesOf(
  { restrictions = [] }: Pick<CatalogCredential, 'restrictions'>,
  {
    canList,
    listFailure,
    permissions,
    nowMs,
  }: Pick<Examination, 'listFailure' | 'permissions'> & { canList: Ability['can']; nowMs: number },
): Ability[] {
  const isDenied = (operation: CredentialOperation) =>
    restrictions.some(
      (one) => one.kind === 'denied' && one.operation === operation && one.until.getTime() > nowMs,
    )
  const used = probedOperations.map((operation): Ability => {
    const { can = 'unknown', failure } = permissions[operation] ?? {}
    const missing_scopes = [...(failure?.missingScopes ?? [])]
    return { operation, can: can === 'unknown' && isDenied(operation) ? 'no' : can, missing_scopes }
  })
  const missing_scopes = [...(listFailure?.missingScopes ?? [])]
  return [{ operation: 'models', can: canList, missing_scopes }, ...used]
}

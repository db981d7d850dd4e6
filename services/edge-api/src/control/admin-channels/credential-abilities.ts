import type { CatalogCredential, CredentialOperation } from '@sluice/contracts/scheduler.contract'

export interface Ability {
  operation: CredentialOperation
  can: 'yes' | 'no' | 'unknown'
}

/**
 * What a credential can do: whether it lists models was tried just now, of chat and images it is known where
 * an upstream has denied them. Pure.
 */
export function abilitiesOf(
  { restrictions = [] }: Pick<CatalogCredential, 'restrictions'>,
  { canList, nowMs }: { canList: Ability['can']; nowMs: number },
): Ability[] {
  const isDenied = (operation: CredentialOperation) =>
    restrictions.some(
      (one) => one.kind === 'denied' && one.operation === operation && one.until.getTime() > nowMs,
    )
  const used = (['chat', 'image'] as const).map((operation) => ({
    operation,
    can: isDenied(operation) ? ('no' as const) : ('unknown' as const),
  }))
  return [{ operation: 'models', can: canList }, ...used]
}

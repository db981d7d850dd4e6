import type { AdminOverview } from '@sluice/contracts/control/admin'

import type { AreaMessages } from '../i18n/areas.ts'
import { paths } from '../paths.ts'

export type Concern = AdminOverview['concerns'][number]
type Messages = AreaMessages<'admin-overview'>

const addresses: Record<Concern['code'], () => string> = {
  'no-real-channel': () => paths.channels({ new: 1 }),
  'no-usable-credential': () => paths.channels(),
  'credential-attention': () => paths.channels(),
  'failures-high': () => paths.allImages({ state: 'failed' }),
  'queue-old': () => paths.allImages({ state: 'queued' }),
  'ledger-drift': () => paths.users(),
  'dependency-away': () => paths.channels(),
}

/** A concern as a sentence, with the page where an operator resolves it. */
export function describeConcern(
  { code, subject, count }: Concern,
  messages: Messages,
): { sentence: string; action: string; href: string } {
  const { what, action } = messages.concern[code]
  return {
    sentence: what(subject ?? '', countOf(code, count, messages)),
    action,
    href: addresses[code](),
  }
}

function countOf(code: Concern['code'], count: number, { counts }: Messages): string {
  if (code === 'failures-high') return counts.requests(count)
  if (code === 'queue-old') return counts.jobs(count)
  return counts.credentials(count)
}

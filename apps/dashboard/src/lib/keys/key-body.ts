import type { ShownApiKey } from '@sluice/contracts/control/apikeys'
import type { Encoded } from '@sluice/contracts/control/operation-types'
import { formatCredits } from '@sluice/kernel/credits'

import type { KeyForm } from './key-form.ts'

type KeyFields = Omit<KeyForm, 'id' | 'initialValues'>

/** The form values of a key. */
export function formOfKey(key: ShownApiKey): KeyForm {
  const fields: KeyFields = {
    name: key.name,
    rpm_limit: key.rpm_limit === null ? '' : String(key.rpm_limit),
    daily_quota: key.daily_quota_micro === null ? '' : formatCredits(BigInt(key.daily_quota_micro)),
    model_whitelist: key.model_whitelist ?? [],
    ip_whitelist: key.ip_whitelist ?? [],
    expires_at: key.expires_at ?? '',
  }
  return { id: key.id, initialValues: JSON.stringify(fields), ...fields }
}

/** The API body for a new key. */
export function newKeyBody(form: KeyFields): Encoded<'createApiKey'>['body'] {
  const listOrAll = (list: string[]) => (list.length === 0 ? null : list)
  return {
    name: form.name,
    rpm_limit: form.rpm_limit === '' ? null : Number(form.rpm_limit),
    daily_quota: form.daily_quota === '' ? null : form.daily_quota,
    model_whitelist: listOrAll(form.model_whitelist),
    ip_whitelist: listOrAll(form.ip_whitelist),
    expires_at: form.expires_at === '' ? null : form.expires_at,
  }
}

/** The API body with only the changed fields, so that changes made in another tab are kept. */
export function changedKeyBody(form: KeyForm): Encoded<'editApiKey'>['body'] {
  const now = newKeyBody(form)
  const before = fieldsOf(form.initialValues)
  const changed = Object.entries(now).filter(
    ([name]) =>
      JSON.stringify(Reflect.get(form, name)) !== JSON.stringify(Reflect.get(before, name)),
  )
  return Object.fromEntries(changed)
}

function fieldsOf(text: string): object {
  try {
    const fields: unknown = JSON.parse(text)
    return typeof fields === 'object' && fields !== null ? fields : {}
  } catch {
    // Without initial values every field counts as changed.
    return {}
  }
}

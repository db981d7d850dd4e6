import type { z } from 'zod'

import { createFormat } from '../format.ts'
import type { AreaMessages } from '../i18n/areas.ts'
import type { Language } from '../i18n/languages.ts'

/** zod's issues as field messages. Passed to each parse, because there is no global language. */
export function fieldErrors(
  messages: AreaMessages<'errors'>,
  language: Language,
): z.core.$ZodErrorMap {
  const { field } = messages
  const { number } = createFormat({ language, zone: 'UTC' })
  return (issue) => {
    if (issue.input === undefined || issue.input === '' || issue.input === null) {
      return field.required
    }
    switch (issue.code) {
      case 'too_small':
        if (issue.origin === 'string') return field.tooShort(Number(issue.minimum))
        return field.tooSmall(number(Number(issue.minimum)))
      case 'too_big':
        if (issue.origin === 'string') return field.tooLong(Number(issue.maximum))
        return field.tooBig(number(Number(issue.maximum)))
      case 'invalid_format':
        return byFormat(field, issue.format)
      default:
        return field.wrong
    }
  }
}

function byFormat(field: AreaMessages<'errors'>['field'], format: string): string {
  if (format === 'email') return field.email
  if (format === 'url') return field.url
  if (['ipv4', 'ipv6', 'cidrv4', 'cidrv6'].includes(format)) return field.network
  return field.wrong
}

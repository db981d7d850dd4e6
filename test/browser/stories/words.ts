import { words as enAdminChannels } from '@sluice/dashboard/i18n/en/admin-channels'
import { words as enAdminOverview } from '@sluice/dashboard/i18n/en/admin-overview'
import { words as enAdminUsers } from '@sluice/dashboard/i18n/en/admin-users'
import { words as enEverywhere } from '@sluice/dashboard/i18n/en/everywhere'
import { words as enErrors } from '@sluice/dashboard/i18n/en/errors'
import { words as enGallery } from '@sluice/dashboard/i18n/en/gallery'
import { words as enKeys } from '@sluice/dashboard/i18n/en/keys'
import { words as enLedger } from '@sluice/dashboard/i18n/en/ledger'
import { words as enLogin } from '@sluice/dashboard/i18n/en/login'
import { words as enOverview } from '@sluice/dashboard/i18n/en/overview'
import { words as enPictures } from '@sluice/dashboard/i18n/en/pictures'
import { words as enShell } from '@sluice/dashboard/i18n/en/shell'
import { words as enStudio } from '@sluice/dashboard/i18n/en/studio'
import { words as enUsage } from '@sluice/dashboard/i18n/en/usage'
import { words as enWelcome } from '@sluice/dashboard/i18n/en/welcome'
import { words as zhAdminChannels } from '@sluice/dashboard/i18n/zh/admin-channels'
import { words as zhAdminOverview } from '@sluice/dashboard/i18n/zh/admin-overview'
import { words as zhAdminUsers } from '@sluice/dashboard/i18n/zh/admin-users'
import { words as zhEverywhere } from '@sluice/dashboard/i18n/zh/everywhere'
import { words as zhErrors } from '@sluice/dashboard/i18n/zh/errors'
import { words as zhGallery } from '@sluice/dashboard/i18n/zh/gallery'
import { words as zhKeys } from '@sluice/dashboard/i18n/zh/keys'
import { words as zhLedger } from '@sluice/dashboard/i18n/zh/ledger'
import { words as zhLogin } from '@sluice/dashboard/i18n/zh/login'
import { words as zhOverview } from '@sluice/dashboard/i18n/zh/overview'
import { words as zhPictures } from '@sluice/dashboard/i18n/zh/pictures'
import { words as zhShell } from '@sluice/dashboard/i18n/zh/shell'
import { words as zhStudio } from '@sluice/dashboard/i18n/zh/studio'
import { words as zhUsage } from '@sluice/dashboard/i18n/zh/usage'
import { words as zhWelcome } from '@sluice/dashboard/i18n/zh/welcome'

/** The panel's own words, so that a story finds a control by the name that a person reads. */
const english = {
  channels: enAdminChannels,
  system: enAdminOverview,
  users: enAdminUsers,
  everywhere: enEverywhere,
  errors: enErrors,
  gallery: enGallery,
  keys: enKeys,
  ledger: enLedger,
  login: enLogin,
  overview: enOverview,
  pictures: enPictures,
  shell: enShell,
  studio: enStudio,
  usage: enUsage,
  welcome: enWelcome,
}

type Same<Words> = {
  [Key in keyof Words]: Words[Key] extends string
    ? string
    : Words[Key] extends (...values: never[]) => string
      ? Words[Key]
      : Same<Words[Key]>
}
export type Words = Same<typeof english>

const chinese: Words = {
  channels: zhAdminChannels,
  system: zhAdminOverview,
  users: zhAdminUsers,
  everywhere: zhEverywhere,
  errors: zhErrors,
  gallery: zhGallery,
  keys: zhKeys,
  ledger: zhLedger,
  login: zhLogin,
  overview: zhOverview,
  pictures: zhPictures,
  shell: zhShell,
  studio: zhStudio,
  usage: zhUsage,
  welcome: zhWelcome,
}

export type Language = 'en' | 'zh'
export const wordsOf: Record<Language, Words> = { en: english, zh: chinese }

import { messages as enAdminChannels } from '@sluice/dashboard/i18n/en/admin-channels'
import { messages as enAdminOverview } from '@sluice/dashboard/i18n/en/admin-overview'
import { messages as enAdminUsers } from '@sluice/dashboard/i18n/en/admin-users'
import { messages as enEverywhere } from '@sluice/dashboard/i18n/en/everywhere'
import { messages as enErrors } from '@sluice/dashboard/i18n/en/errors'
import { messages as enGallery } from '@sluice/dashboard/i18n/en/gallery'
import { messages as enKeys } from '@sluice/dashboard/i18n/en/keys'
import { messages as enLedger } from '@sluice/dashboard/i18n/en/ledger'
import { messages as enLogin } from '@sluice/dashboard/i18n/en/login'
import { messages as enOverview } from '@sluice/dashboard/i18n/en/overview'
import { messages as enPictures } from '@sluice/dashboard/i18n/en/pictures'
import { messages as enShell } from '@sluice/dashboard/i18n/en/shell'
import { messages as enStudio } from '@sluice/dashboard/i18n/en/studio'
import { messages as enUsage } from '@sluice/dashboard/i18n/en/usage'
import { messages as enWelcome } from '@sluice/dashboard/i18n/en/welcome'
import { messages as zhAdminChannels } from '@sluice/dashboard/i18n/zh/admin-channels'
import { messages as zhAdminOverview } from '@sluice/dashboard/i18n/zh/admin-overview'
import { messages as zhAdminUsers } from '@sluice/dashboard/i18n/zh/admin-users'
import { messages as zhEverywhere } from '@sluice/dashboard/i18n/zh/everywhere'
import { messages as zhErrors } from '@sluice/dashboard/i18n/zh/errors'
import { messages as zhGallery } from '@sluice/dashboard/i18n/zh/gallery'
import { messages as zhKeys } from '@sluice/dashboard/i18n/zh/keys'
import { messages as zhLedger } from '@sluice/dashboard/i18n/zh/ledger'
import { messages as zhLogin } from '@sluice/dashboard/i18n/zh/login'
import { messages as zhOverview } from '@sluice/dashboard/i18n/zh/overview'
import { messages as zhPictures } from '@sluice/dashboard/i18n/zh/pictures'
import { messages as zhShell } from '@sluice/dashboard/i18n/zh/shell'
import { messages as zhStudio } from '@sluice/dashboard/i18n/zh/studio'
import { messages as zhUsage } from '@sluice/dashboard/i18n/zh/usage'
import { messages as zhWelcome } from '@sluice/dashboard/i18n/zh/welcome'

/** The panel's messages, to find controls by their accessible names. */
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

type Same<Messages> = {
  [Key in keyof Messages]: Messages[Key] extends string
    ? string
    : Messages[Key] extends (...values: never[]) => string
      ? Messages[Key]
      : Same<Messages[Key]>
}
export type Messages = Same<typeof english>

const chinese: Messages = {
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
export const messagesOf: Record<Language, Messages> = { en: english, zh: chinese }

import type { messages as account } from './en/account.ts'
import type { messages as adminChannels } from './en/admin-channels.ts'
import type { messages as adminImages } from './en/admin-images.ts'
import type { messages as adminModels } from './en/admin-models.ts'
import type { messages as adminOverview } from './en/admin-overview.ts'
import type { messages as adminUsers } from './en/admin-users.ts'
import type { messages as everywhere } from './en/everywhere.ts'
import type { messages as errors } from './en/errors.ts'
import type { messages as gallery } from './en/gallery.ts'
import type { messages as keys } from './en/keys.ts'
import type { messages as ledger } from './en/ledger.ts'
import type { messages as login } from './en/login.ts'
import type { messages as overview } from './en/overview.ts'
import type { messages as pictures } from './en/pictures.ts'
import type { messages as shell } from './en/shell.ts'
import type { messages as studio } from './en/studio.ts'
import type { messages as usage } from './en/usage.ts'
import type { messages as welcome } from './en/welcome.ts'
import type { Messages } from './messages.ts'

/** Messages are split into areas by group of pages; a page loads only the areas it uses. */
interface EnglishAreas {
  account: typeof account
  'admin-channels': typeof adminChannels
  'admin-images': typeof adminImages
  'admin-models': typeof adminModels
  'admin-overview': typeof adminOverview
  'admin-users': typeof adminUsers
  everywhere: typeof everywhere
  errors: typeof errors
  gallery: typeof gallery
  keys: typeof keys
  ledger: typeof ledger
  login: typeof login
  overview: typeof overview
  pictures: typeof pictures
  shell: typeof shell
  studio: typeof studio
  usage: typeof usage
  welcome: typeof welcome
}

export type Area = keyof EnglishAreas
export type AreaMessages<Name extends Area> = Messages<EnglishAreas[Name]>

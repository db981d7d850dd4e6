import type { words as account } from './en/account.ts'
import type { words as adminChannels } from './en/admin-channels.ts'
import type { words as adminImages } from './en/admin-images.ts'
import type { words as adminModels } from './en/admin-models.ts'
import type { words as adminOverview } from './en/admin-overview.ts'
import type { words as adminUsers } from './en/admin-users.ts'
import type { words as everywhere } from './en/everywhere.ts'
import type { words as errors } from './en/errors.ts'
import type { words as gallery } from './en/gallery.ts'
import type { words as keys } from './en/keys.ts'
import type { words as ledger } from './en/ledger.ts'
import type { words as login } from './en/login.ts'
import type { words as overview } from './en/overview.ts'
import type { words as pictures } from './en/pictures.ts'
import type { words as shell } from './en/shell.ts'
import type { words as studio } from './en/studio.ts'
import type { words as usage } from './en/usage.ts'
import type { words as welcome } from './en/welcome.ts'
import type { Words } from './words.ts'

/** One area of words for each group of pages; a page loads its own, so that no page carries all. */
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
export type AreaWords<Name extends Area> = Words<EnglishAreas[Name]>

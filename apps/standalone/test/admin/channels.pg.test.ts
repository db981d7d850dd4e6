import { channelsSuite } from './channels-suite.ts'
import { databaseStores } from './database-stores.ts'

channelsSuite(databaseStores)

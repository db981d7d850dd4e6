import { databaseStores } from './database-stores.ts'
import { usersSuite } from './users-suite.ts'

usersSuite(databaseStores)

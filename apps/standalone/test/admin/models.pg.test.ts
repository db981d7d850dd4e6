import { databaseStores } from './database-stores.ts'
import { modelsSuite } from './models-suite.ts'

modelsSuite(databaseStores)

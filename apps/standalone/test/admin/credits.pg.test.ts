import { creditsSuite } from './credits-suite.ts'
import { databaseStores } from './database-stores.ts'

creditsSuite(databaseStores)

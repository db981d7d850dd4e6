import { memoryStores } from './memory-stores.ts'
import { usersSuite } from './users-suite.ts'

usersSuite(memoryStores)

import { memoryStores } from './memory-stores.ts'
import { modelsSuite } from './models-suite.ts'

modelsSuite(memoryStores)

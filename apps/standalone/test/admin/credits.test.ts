import { creditsSuite } from './credits-suite.ts'
import { memoryStores } from './memory-stores.ts'

creditsSuite(memoryStores)

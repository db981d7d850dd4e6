import { channelsSuite } from './channels-suite.ts'
import { memoryStores } from './memory-stores.ts'

channelsSuite(memoryStores)

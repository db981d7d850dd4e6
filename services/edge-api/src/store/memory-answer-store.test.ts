import { answerStoreContract } from './answer-store.contract.ts'
import { memoryAnswerStore } from './memory-answer-store.ts'

answerStoreContract(async () => memoryAnswerStore())

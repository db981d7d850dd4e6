import { parseArgs } from 'node:util'

import type { OpenAiSimulatorOptions } from './openai-simulator.ts'
import { startOpenAiSimulator } from './openai-simulator.ts'

/*
 * The simulator as a separate process:
 *   node packages/simulators/src/openai-main.ts --port 0 --log file [--keys a,b] [--latency-ms n]
 *     [--stream-gap-ms n] [--answer-words n]
 * Prints one JSON line with its URL once it listens; ends on SIGTERM and SIGINT.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    log: { type: 'string' },
    keys: { type: 'string' },
    'latency-ms': { type: 'string', default: '0' },
    'stream-gap-ms': { type: 'string', default: '0' },
    'answer-words': { type: 'string', default: '12' },
  },
})

const options: OpenAiSimulatorOptions = {
  port: Number(values.port),
  latencyMs: Number(values['latency-ms']),
  streamGapMs: Number(values['stream-gap-ms']),
  answerWords: Number(values['answer-words']),
  ...(values.log === undefined ? {} : { log: values.log }),
  ...(values.keys === undefined ? {} : { keys: values.keys.split(',') }),
}

const simulator = await startOpenAiSimulator(options)
process.stdout.write(`${JSON.stringify({ url: simulator.url, pid: process.pid })}\n`)

const stop = () => void simulator.close().then(() => process.exit(0))
process.once('SIGTERM', stop)
process.once('SIGINT', stop)

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { armCrashPoint, parseCrashAt } from './crash-point.ts'

const file = fileURLToPath(new URL('crash-point.ts', import.meta.url))

function passes(script: string) {
  const program = `
    const { armCrashPoint, crashPoint } = await import(${JSON.stringify(file)})
    ${script}
  `
  const args = ['--input-type=module', '--eval', program]
  return spawnSync(process.execPath, args, { encoding: 'utf8' })
}

test('the process is killed at the armed pass of the armed point, and not before', () => {
  const ended = passes(`
    armCrashPoint({ name: 'job-stored', count: 2, nodeEnv: 'test' })
    crashPoint('other'); crashPoint('other'); process.stdout.write('a')
    crashPoint('job-stored'); process.stdout.write('b')
    crashPoint('job-stored'); process.stdout.write('c')
  `)
  expect(ended.signal).toBe('SIGKILL')
  expect(ended.stdout).toBe('ab')
})

test('a point that is not armed does nothing', () => {
  const ended = passes(`crashPoint('job-stored'); process.stdout.write('alive')`)
  expect(ended.stdout).toBe('alive')
})

test('arming throws in production', () => {
  const arm = () => armCrashPoint({ name: 'job-stored', count: 1, nodeEnv: 'production' })
  expect(arm).toThrow('CRASH_AT must not be set')
})

test('CRASH_AT is parsed as name and count, anything else as undefined', () => {
  expect(parseCrashAt('job-stored:3')).toEqual({ name: 'job-stored', count: 3 })
  for (const text of ['', 'job-stored', 'job-stored:0', 'job-stored:x', ':1', 'a b:1']) {
    expect(parseCrashAt(text)).toBeUndefined()
  }
})

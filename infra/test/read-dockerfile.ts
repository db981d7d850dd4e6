import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { z } from 'zod'

import type { Variables } from './read-compose.ts'
import { root } from './read-compose.ts'

export const dockerfileText = readFileSync(join(root, 'infra/docker/service.Dockerfile'), 'utf8')

export interface Instruction {
  name: string
  words: string
}

/** The instructions of each stage, in order; comments and line ends are gone. */
export function readStages(): Instruction[][] {
  const lines = dockerfileText
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
  const stages: Instruction[][] = []
  for (const line of lines) {
    const [, name = '', words = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    if (name === 'FROM') stages.push([])
    stages.at(-1)?.push({ name, words })
  }
  return stages
}

/** The words of every instruction of this name in the image itself, the last stage. */
export function inImage(name: string): string[] {
  const last = readStages().at(-1) ?? []
  return last.filter((instruction) => instruction.name === name).map(({ words }) => words)
}

/** What a container finds in its environment, unless it is told otherwise. */
export function imageEnvironment(): Variables {
  const pairs = inImage('ENV').flatMap((words) => words.split(' '))
  return Object.fromEntries(pairs.map((pair) => pair.split('=', 2)))
}

/** The command line of an instruction in its JSON form. */
export function commandLine(words: string): string[] {
  return z.array(z.string()).parse(JSON.parse(words.slice(words.indexOf('['))))
}

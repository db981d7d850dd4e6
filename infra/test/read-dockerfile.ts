import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { z } from 'zod'

import type { Variables } from './read-compose.ts'
import { root } from './read-compose.ts'

export const dockerfileText = readFileSync(join(root, 'infra/docker/service.Dockerfile'), 'utf8')

export interface Instruction {
  name: string
  args: string
}

/** The instructions of each stage, in order, without comments and line continuations. */
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
    const [, name = '', args = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    if (name === 'FROM') stages.push([])
    stages.at(-1)?.push({ name, args })
  }
  return stages
}

/** The arguments of every instruction of this name in the last stage, which becomes the image. */
export function inImage(name: string): string[] {
  const last = readStages().at(-1) ?? []
  return last.filter((instruction) => instruction.name === name).map(({ args }) => args)
}

/** The environment variables that the image sets. */
export function imageEnvironment(): Variables {
  const pairs = inImage('ENV').flatMap((args) => args.split(' '))
  return Object.fromEntries(pairs.map((pair) => pair.split('=', 2)))
}

/** The command line of an instruction in its JSON form. */
export function commandLine(args: string): string[] {
  return z.array(z.string()).parse(JSON.parse(args.slice(args.indexOf('['))))
}

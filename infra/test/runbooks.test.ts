import { randomBytes } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'
import { z } from 'zod'

import { commands } from '../../apps/standalone/src/commands/commands.ts'
import { parseSealingKeys } from '../../packages/sealing/src/sealing-keys.ts'
import { readConfig } from '../../packages/service-kit/src/read-config.ts'
import { parseSigningKeys } from '../../packages/signing/src/parse-signing-keys.ts'
import { imageEnvironment } from './read-dockerfile.ts'
import { leastVariables, processes } from './processes.ts'
import { referencedVariables, readCompose, root } from './read-compose.ts'

const LINES_MAX = 60

const pages = globSync('docs/runbooks/*.md', { cwd: root })
  .sort()
  .map((path) => [path, readFileSync(join(root, path), 'utf8')] as const)
const { services } = readCompose(leastVariables())
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))

/** What a page tells the operator to type: lines of its blocks, and commands within its sentences. */
function typedLines(page: string): string[] {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, text = '']) =>
    text.replaceAll(/\\\n\s*/g, '').split('\n'),
  )
  const spans = [...page.matchAll(/`((?:docker compose|pnpm) [^`]+)`/g)].map(
    ([, span = '']) => span,
  )
  return [...blocks, ...spans].map((line) => line.trim()).filter((line) => line !== '')
}

/** Words as a shell splits them, without what is piped or redirected. */
function wordsOf(line: string): string[] {
  const [typed = ''] = line.split(/\s[<>|]\s/)
  return (typed.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((word) =>
    word.replaceAll(/^['"]|['"]$/g, ''),
  )
}

/** `run`, `exec` and their like, with the services that they name and what these are told. */
function composeCall(line: string): { services: string[]; rest: string[] } | undefined {
  const [docker, compose, verb = '', ...words] = wordsOf(line)
  if (docker !== 'docker' || compose !== 'compose') return undefined
  const valued = ['--tail', '--scale', '--entrypoint']
  const plain = words.filter(
    (word, at) => !word.startsWith('-') && !valued.includes(words[at - 1] ?? ''),
  )
  const [first = ''] = plain
  if (verb !== 'run' && verb !== 'exec') return { services: plain, rest: [] }
  return { services: [first], rest: words.slice(words.indexOf(first) + 1) }
}

/** What is said to the operator's commands, here or in a container. */
function cliWords(line: string): string[] | undefined {
  const inside = /\$\((pnpm [^)]+)\)/.exec(line)?.[1]
  const words = wordsOf(inside ?? line)
  if (words[0] === 'pnpm') return words[1] === 'sluice' ? words.slice(2) : undefined
  const call = composeCall(line)
  return call?.services[0] === 'setup' ? call.rest : undefined
}

describe.each(pages)('%s', (_, page) => {
  const typed = typedLines(page)

  it('is one page', () => {
    expect(page.trimEnd().split('\n').length).toBeLessThanOrEqual(LINES_MAX)
  })

  it('names services that compose starts', () => {
    const named = typed.flatMap((line) => composeCall(line)?.services ?? [])
    expect(named.filter((name) => !(name in services))).toEqual([])
  })

  it('tells the operator commands and options that exist', () => {
    const said = typed.flatMap((line) => [cliWords(line) ?? []]).filter(({ length }) => length > 0)
    const unknown = said.filter((words) => {
      const name = [words.slice(0, 2).join(' '), words[0] ?? ''].find((one) => one in commands)
      const usage = commands[name ?? '']?.usage[0]
      const options = words.filter((word) => word.startsWith('--'))
      return (
        usage === undefined || options.some((option) => !new RegExp(`${option}[ \\]]`).test(usage))
      )
    })
    expect(unknown).toEqual([])
  })

  it('runs scripts that there are', () => {
    const run = typed.filter((line) => line.startsWith('pnpm ')).map((line) => wordsOf(line)[1])
    expect(run.filter((name) => !(name !== undefined && name in scripts))).toEqual([])
  })

  it('speaks of variables that somebody reads', () => {
    const known = [
      ...Object.values(processes).flatMap((schema) => Object.keys(schema.shape)),
      ...referencedVariables().all,
    ]
    const spoken = [...page.matchAll(/`([A-Z][A-Z0-9]+_[A-Z0-9_]+)\b/g)].map(
      ([, name = '']) => name,
    )
    expect(spoken.filter((name) => !known.includes(name))).toEqual([])
  })
})

describe('the .env that the installation page makes', () => {
  const page = pages.find(([path]) => path.endsWith('install-distributed.md'))?.[1] ?? ''
  const [, text = ''] = /^cat > \.env <<EOF\n(.*?)^EOF$/ms.exec(page) ?? []
  const made = text
    .replaceAll(/\$\(openssl rand -(base64|hex) 32\)/g, (_, encoding: string) =>
      randomBytes(32).toString(encoding === 'hex' ? 'hex' : 'base64'),
    )
    .trim()
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])
  const variables: Record<string, string> = Object.fromEntries(made)

  it.each(Object.entries(processes))('is taken by %s', (name, schema) => {
    const environment = readCompose(variables).services[name]?.environment
    expect(() => readConfig(schema, { ...imageEnvironment(), ...environment })).not.toThrow()
  })

  it('has keys that open, sign and hash', () => {
    const { SEALING_KEYS = '', SIGNING_KEYS = '', API_KEY_PEPPER = '' } = variables
    expect(parseSealingKeys(SEALING_KEYS).map(({ keyId }) => keyId)).toEqual(['k1'])
    expect(parseSigningKeys(SIGNING_KEYS).map(({ id }) => id)).toEqual(['k1'])
    expect(Buffer.from(API_KEY_PEPPER, 'base64')).toHaveLength(32)
    expect(new Set(Object.values(variables)).size).toBe(made.length)
  })
})

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
import { requiredVariables, processes } from './processes.ts'
import { referencedVariables, readCompose, root } from './read-compose.ts'

const LINES_MAX = 60

const pages = globSync('docs/runbooks/*.md', { cwd: root })
  .sort()
  .map((path) => [path, readFileSync(join(root, path), 'utf8')] as const)
/** The code of every process, without tests. */
const sources = globSync('{apps,packages,services}/*/{src,serve}/**/*.ts', { cwd: root })
  .filter((path) => !path.endsWith('.test.ts'))
  .map((path) => readFileSync(join(root, path), 'utf8'))
  .join('\n')
const { services } = readCompose(requiredVariables())
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))

/** The command lines of a page: lines of its shell blocks, and commands in its sentences. */
function commandLines(page: string): string[] {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, text = '']) =>
    text.replaceAll(/\\\n\s*/g, '').split('\n'),
  )
  const spans = [...page.matchAll(/`((?:docker compose|pnpm) [^`]+)`/g)].map(
    ([, span = '']) => span,
  )
  return [...blocks, ...spans].map((line) => line.trim()).filter((line) => line !== '')
}

/** The log texts that a page quotes; they begin with an article. */
function logTexts(page: string): string[] {
  return [...page.matchAll(/`((?:an?|the)\s[^`]+)`/g)].map(([, text = '']) =>
    text.replaceAll(/\s+/g, ' '),
  )
}

/** Arguments as a shell splits them, without pipes and redirections. */
function argsOf(line: string): string[] {
  const [command = ''] = line.split(/\s[<>|]\s/)
  return (command.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((arg) =>
    arg.replaceAll(/^['"]|['"]$/g, ''),
  )
}

/** The services that a compose command line names, and the arguments after them for `run` and `exec`. */
function composeCall(line: string): { services: string[]; rest: string[] } | undefined {
  const [docker, compose, subcommand = '', ...args] = argsOf(line)
  if (docker !== 'docker' || compose !== 'compose') return undefined
  const optionsWithValue = ['--tail', '--scale', '--entrypoint']
  const positionals = args.filter(
    (arg, at) => !arg.startsWith('-') && !optionsWithValue.includes(args[at - 1] ?? ''),
  )
  const [first = ''] = positionals
  if (subcommand !== 'run' && subcommand !== 'exec') return { services: positionals, rest: [] }
  return { services: [first], rest: args.slice(args.indexOf(first) + 1) }
}

/** The arguments of an operator's command, run directly or in a container. */
function cliArgs(line: string): string[] | undefined {
  const substitution = /\$\((pnpm [^)]+)\)/.exec(line)?.[1]
  const args = argsOf(substitution ?? line)
  if (args[0] === 'pnpm') return args[1] === 'sluice' ? args.slice(2) : undefined
  const call = composeCall(line)
  return call?.services[0] === 'setup' ? call.rest : undefined
}

describe.each(pages)('%s', (_, page) => {
  const lines = commandLines(page)

  it('has at most 60 lines', () => {
    expect(page.trimEnd().split('\n').length).toBeLessThanOrEqual(LINES_MAX)
  })

  it('quotes log texts as the code writes them', () => {
    expect(logTexts(page).filter((text) => !sources.includes(`'${text}`))).toEqual([])
  })

  it('names services of docker-compose.yml', () => {
    const named = lines.flatMap((line) => composeCall(line)?.services ?? [])
    expect(named.filter((name) => !(name in services))).toEqual([])
  })

  it('contains only commands and options that exist', () => {
    const calls = lines.flatMap((line) => [cliArgs(line) ?? []]).filter(({ length }) => length > 0)
    const unknown = calls.filter((args) => {
      const name = [args.slice(0, 2).join(' '), args[0] ?? ''].find((one) => one in commands)
      const usage = commands[name ?? '']?.usage[0]
      const options = args.filter((arg) => arg.startsWith('--'))
      return (
        usage === undefined || options.some((option) => !new RegExp(`${option}[ \\]]`).test(usage))
      )
    })
    expect(unknown).toEqual([])
  })

  it('runs scripts of package.json', () => {
    const run = lines.filter((line) => line.startsWith('pnpm ')).map((line) => argsOf(line)[1])
    expect(run.filter((name) => !(name !== undefined && name in scripts))).toEqual([])
  })

  it('names only variables that a process or compose reads', () => {
    const known = [
      ...Object.values(processes).flatMap((schema) => Object.keys(schema.shape)),
      ...referencedVariables().all,
    ]
    const named = [...page.matchAll(/`([A-Z][A-Z0-9]+_[A-Z0-9_]+)\b/g)].map(([, name = '']) => name)
    expect(named.filter((name) => !known.includes(name))).toEqual([])
  })
})

describe('the .env that the installation page generates', () => {
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

  it.each(Object.entries(processes))('is valid for %s', (name, schema) => {
    const environment = readCompose(variables).services[name]?.environment
    expect(() => readConfig(schema, { ...imageEnvironment(), ...environment })).not.toThrow()
  })

  it('has valid sealing keys, signing keys and pepper', () => {
    const { SEALING_KEYS = '', SIGNING_KEYS = '', API_KEY_PEPPER = '' } = variables
    expect(parseSealingKeys(SEALING_KEYS).map(({ keyId }) => keyId)).toEqual(['k1'])
    expect(parseSigningKeys(SIGNING_KEYS).map(({ id }) => id)).toEqual(['k1'])
    expect(Buffer.from(API_KEY_PEPPER, 'base64')).toHaveLength(32)
    expect(new Set(Object.values(variables)).size).toBe(made.length)
  })
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { namesOf, processes } from './processes.ts'
import { referencedVariables, root } from './read-compose.ts'

const page = readFileSync(join(root, '.env.example'), 'utf8')
const lines = [...page.matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm)]
const written = new Map(lines.map(([, name = '', value = '']) => [name, value]))
const schemas = Object.entries(processes)

describe('.env.example', () => {
  it('contains every variable that a process or compose reads, exactly once, and no other', () => {
    const read = [...schemas.flatMap(([, schema]) => namesOf(schema)), ...referencedVariables().all]
    const byName = (one: string, other: string) => one.localeCompare(other)
    expect(lines.map(([, name = '']) => name).sort(byName)).toEqual([...new Set(read)].sort(byName))
  })

  it.each(schemas)('shows the default values of %s', (_, schema) => {
    const wrong = namesOf(schema).flatMap((name) => {
      const shown = written.get(name) ?? ''
      const unset = schema.shape[name]?.safeParse(undefined)
      const value = unset?.success ? unset.data : undefined
      return shown === '' || value === undefined || shown === String(value)
        ? []
        : [`${name} is ${String(value)}`]
    })
    expect(wrong).toEqual([])
  })
})

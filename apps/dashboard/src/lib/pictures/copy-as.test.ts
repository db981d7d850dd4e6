import { execFileSync } from 'node:child_process'
import { runInNewContext } from 'node:vm'

import { describe, expect, it } from 'vitest'

import { snippetOf } from './copy-as.ts'
import type { SnippetInput } from './copy-as.ts'
import { taskOf } from './testing/task-of.ts'

const origin = 'https://images.example.org'
const nasty = `It's "quoted" $HOME \`x\` \\ 100%\n@file; <b>, 狐狸 \u2028 end!`
const input = (more: Partial<SnippetInput['task']> = {}): SnippetInput => ({
  origin,
  task: taskOf({ prompt: nasty, count: 2, size: '1536x1024', format: 'jpeg', ...more }),
})
const parameters = {
  model: 'model-a',
  prompt: nasty,
  n: 2,
  size: '1536x1024',
  output_format: 'jpeg',
}

/** The arguments that a POSIX shell passes to `curl`. */
function shellArguments(command: string): string[] {
  const script = `curl() { for word in "$@"; do printf '%s\\0' "$word"; done; }\n${command}`
  const out = execFileSync('sh', ['-c', script], {
    env: { SLUICE_KEY: 'test-key' },
    encoding: 'utf8',
  })
  return out.split('\0').slice(0, -1)
}

describe('curl', () => {
  it('passes the exact parameters through a shell for any prompt', () => {
    const args = shellArguments(snippetOf('curl', input()))
    expect(args.slice(0, 3)).toEqual([
      `${origin}/v1/images/generations`,
      '-H',
      'Authorization: Bearer test-key',
    ])
    expect(JSON.parse(args.at(-1) ?? '')).toEqual({ ...parameters, response_format: 'url' })
  })

  it('sends references as form files, and never reads a file for the prompt', () => {
    const task = { references: 2, prompt: '@/etc/passwd' }
    const named = { ...input(task), referenceNames: ["it's, a cat.png"] }
    const args = shellArguments(snippetOf('curl', named))
    expect(args[0]).toBe(`${origin}/v1/images/edits`)
    expect(args).toContain('prompt=@/etc/passwd')
    expect(args[args.indexOf('prompt=@/etc/passwd') - 1]).toBe('--form-string')
    expect(args.filter((arg) => arg.startsWith('image[]='))).toEqual([
      `image[]=@"it's, a cat.png"`,
      `image[]=@"reference-2.png"`,
    ])
  })
})

describe('Node', () => {
  it('has the exact parameters', () => {
    const line = /^const body = JSON\.stringify\((.*?)^\}\)$/ms.exec(
      snippetOf('node', input()),
    )?.[1]
    expect(runInNewContext(`(${line}})`)).toEqual(parameters)
  })

  it('sends references as form files', () => {
    const snippet = snippetOf('node', input({ references: 1 }))
    expect(snippet).toContain(`${origin}/v1/images/edits`)
    expect(snippet).toContain(`for (const name of ["reference-1.png"]) body.append('image[]'`)
  })
})

describe('Python', () => {
  it('has the exact parameters, one per line', () => {
    const snippet = snippetOf('python', input())
    const entries = [...snippet.matchAll(/^ {4}("\w+"): (.*),$/gm)].slice(0, 5)
    const body = entries.map(([, key, value]) => `${key}: ${value}`).join(', ')
    expect(JSON.parse(`{${body}}`)).toEqual(parameters)
  })

  it('sends references in the body', () => {
    expect(snippetOf('python', input({ references: 1 }))).toContain('"images": [base64.b64encode(')
  })
})

it('omits default values and never contains an API key', () => {
  for (const language of ['curl', 'node', 'python'] as const) {
    const snippet = snippetOf(language, { origin, task: taskOf() })
    expect(snippet).not.toMatch(/"(n|size|quality|background|output_format)"/)
    expect(snippet).toContain('SLUICE_KEY')
  }
})

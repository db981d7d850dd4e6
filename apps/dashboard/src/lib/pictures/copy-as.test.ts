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
const asked = {
  model: 'model-a',
  prompt: nasty,
  n: 2,
  size: '1536x1024',
  output_format: 'jpeg',
}

/** The words that a POSIX shell makes of a command, with `curl` left away. */
function shellMessages(command: string): string[] {
  const script = `curl() { for word in "$@"; do printf '%s\\0' "$word"; done; }\n${command}`
  const out = execFileSync('sh', ['-c', script], {
    env: { SLUICE_KEY: 'test-key' },
    encoding: 'utf8',
  })
  return out.split('\0').slice(0, -1)
}

describe('curl', () => {
  it('carries the exact parameters through a shell, whatever the prompt says', () => {
    const messages = shellMessages(snippetOf('curl', input()))
    expect(messages.slice(0, 3)).toEqual([
      `${origin}/v1/images/generations`,
      '-H',
      'Authorization: Bearer test-key',
    ])
    expect(JSON.parse(messages.at(-1) ?? '')).toEqual({ ...asked, response_format: 'url' })
  })

  it('sends references as files of a form, and never reads a file for the prompt', () => {
    const task = { references: 2, prompt: '@/etc/passwd' }
    const named = { ...input(task), referenceNames: ["it's, a cat.png"] }
    const messages = shellMessages(snippetOf('curl', named))
    expect(messages[0]).toBe(`${origin}/v1/images/edits`)
    expect(messages).toContain('prompt=@/etc/passwd')
    expect(messages[messages.indexOf('prompt=@/etc/passwd') - 1]).toBe('--form-string')
    expect(messages.filter((word) => word.startsWith('image[]='))).toEqual([
      `image[]=@"it's, a cat.png"`,
      `image[]=@"reference-2.png"`,
    ])
  })
})

describe('Node', () => {
  it('carries the exact parameters', () => {
    const line = /^const body = JSON\.stringify\((.*?)^\}\)$/ms.exec(
      snippetOf('node', input()),
    )?.[1]
    expect(runInNewContext(`(${line}})`)).toEqual(asked)
  })

  it('sends references as files of a form', () => {
    const snippet = snippetOf('node', input({ references: 1 }))
    expect(snippet).toContain(`${origin}/v1/images/edits`)
    expect(snippet).toContain(`for (const name of ["reference-1.png"]) body.append('image[]'`)
  })
})

describe('Python', () => {
  it('carries the exact parameters, a line for each', () => {
    const snippet = snippetOf('python', input())
    const entries = [...snippet.matchAll(/^ {4}("\w+"): (.*),$/gm)].slice(0, 5)
    const body = entries.map(([, key, value]) => `${key}: ${value}`).join(', ')
    expect(JSON.parse(`{${body}}`)).toEqual(asked)
  })

  it('sends references inside the body', () => {
    expect(snippetOf('python', input({ references: 1 }))).toContain('"images": [base64.b64encode(')
  })
})

it('leaves the default out, and no key is ever in it', () => {
  for (const language of ['curl', 'node', 'python'] as const) {
    const snippet = snippetOf(language, { origin, task: taskOf() })
    expect(snippet).not.toMatch(/"(n|size|quality|background|output_format)"/)
    expect(snippet).toContain('SLUICE_KEY')
  }
})

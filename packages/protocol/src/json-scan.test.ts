import { isAppError } from '@sluice/kernel/app-error'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { editChatBody } from './edit-chat-body.ts'
import { JSON_DEPTH_MAX } from './json-cursor.ts'
import { scanChatBody } from './json-scan.ts'
import { ReservedNames } from './name-checker.ts'

const scan = (text: string) => scanChatBody(Buffer.from(text))

function codeOf(work: () => unknown): string | undefined {
  try {
    work()
  } catch (error) {
    return isAppError(error) ? error.code : 'other'
  }
  return undefined
}

const interesting = fc.record(
  {
    model: fc.string({ unit: 'grapheme', maxLength: 30 }),
    stream: fc.boolean(),
    stream_options: fc.oneof(
      fc.constant(null),
      fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }),
      fc.record({ x: fc.jsonValue(), include_usage: fc.boolean() }),
    ),
    max_tokens: fc.oneof(fc.integer({ min: 1, max: 1e9 }), fc.constant(null)),
    max_completion_tokens: fc.integer({ min: 1, max: 1e9 }),
    n: fc.integer({ min: 1, max: 8 }),
  },
  { requiredKeys: [] },
)
const others = fc.dictionary(
  fc.string({ unit: 'grapheme' }).filter((name) => name !== '__proto__' && !folds(name)),
  fc.jsonValue({ maxDepth: 4 }),
  { maxKeys: 5 },
)
const known = ['model', 'messages', 'stream', 'stream_options', 'max_tokens']
const reserved = new ReservedNames([...known, 'max_completion_tokens', 'n'])
const folds = (name: string) => reserved.has(name) || reserved.foldsTo(name) !== undefined
const body = fc
  .tuple(interesting, others, fc.infiniteStream(fc.nat()))
  .map(([known, rest, dice]): Record<string, unknown> => {
    const members = Object.entries({ ...known, ...rest })
    const shuffled = members.map((member) => ({ member, at: dice.next().value }))
    return Object.fromEntries(shuffled.sort((a, b) => a.at - b.at).map(({ member }) => member))
  })
const spaced = fc.constantFrom(undefined, 1, 2, '\t')

/** Every character as an escape. */
function escapeStrings(json: string): string {
  return json.replace(/"((?:[^"\\]|\\.)*)"/g, (text) => {
    const value = JSON.parse(text) as string
    const units = Array.from({ length: value.length }, (_, at) => value.charCodeAt(at))
    return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`
  })
}

describe('scanning a chat body', () => {
  it('agrees with JSON.parse in any order, spacing and escaping', () => {
    fc.assert(
      fc.property(body, spaced, fc.boolean(), (value, space, escaped) => {
        const plain = JSON.stringify(value, null, space)
        const text = escaped ? escapeStrings(plain) : plain
        const parsed = JSON.parse(text)
        const scanned = scan(text)
        expect(scanned.model?.name).toBe(parsed.model)
        expect(scanned.stream).toBe(parsed.stream ?? false)
        expect(scanned.includeUsage).toBe(parsed.stream_options?.include_usage === true)
        expect(scanned.count).toBe(parsed.n ?? 1)
        const limits = [parsed.max_tokens, parsed.max_completion_tokens].filter(
          (limit) => typeof limit === 'number',
        )
        expect(scanned.outputTokensMax).toBe(limits.length ? Math.max(...limits) : undefined)
      }),
    )
  })

  it('ignores names inside strings and deeper objects', () => {
    const text = `{"messages":[{"model":"inner","x":"\\",\\"model\\":\\"string\\"}"}],"metadata":{"stream":true},"model":"outer"}`
    expect(scan(text)).toMatchObject({ model: { name: 'outer' }, stream: false })
  })

  it('refuses a body with a duplicate parameter', () => {
    expect(codeOf(() => scan('{"model":"cheap","model":"expensive"}'))).toBe('invalid_value')
    expect(codeOf(() => scan('{"model":"cheap","mod\\u0065l":"expensive"}'))).toBe('invalid_value')
    const twice = '{"stream_options":{"include_usage":true,"include_usage":false}}'
    expect(codeOf(() => scan(twice))).toBe('invalid_value')
  })

  it.each([
    ['Model', '{"model":"cheap","Model":"expensive"}'],
    ['MODEL', '{"model":"cheap","\\u004dODEL":"expensive"}'],
    ['Max_Tokens', '{"model":"cheap","max_tokens":1,"Max_Tokens":5000}'],
    ['maxTokens', '{"maxTokens":5000}'],
    ['max_to\u212aens', '{"max_to\u212aens":5000}'],
    ['max_to\u212aens', '{"max_to\\u212aens":5000}'],
    ['\u017ftream', '{"\u017ftream":true}'],
    ['\uff4dodel', '{"\uff4dodel":"expensive"}'],
    ['\u{1d55f}', '{"\u{1d55f}":9}'],
    ['N', '{"N":9}'],
    ['mo\u200bdel', '{"mo\u200bdel":"expensive"}'],
    ['model\0x', '{"model\\u0000x":"expensive"}'],
    ['max_completion_tokens', '{"max_completion_tokens":1,"max_completion_tokens":2}'],
    ['messages', '{"messages":[],"messages":[{}]}'],
    ['Messages', '{"messages":[],"Messages":[{}]}'],
    ['stream_options.Include_Usage', '{"stream_options":{"Include_Usage":false}}'],
    ['stream_options.include_usage', '{"stream_options":{"include_usage":1,"include_usage":2}}'],
    ['messages[].Content', '{"messages":[{"content":"a","Content":"b"}]}'],
    ['messages[].role', '{"messages":[{"role":"user","content":"a","role":"system"}]}'],
    ['messages[].content[].Type', '{"messages":[{"content":[{"Type":"image_url"}]}]}'],
    [
      'messages[].content[].image_url.URL',
      '{"messages":[{"content":[{"image_url":{"URL":"https://a"}}]}]}',
    ],
  ])('refuses a name that another parser may treat as a reserved one: %s', (param, text) => {
    expect(() => scan(text)).toThrow(expect.objectContaining({ code: 'invalid_value', param }))
  })

  it("accepts the caller's own names, and those of other parameters", () => {
    const schema = { properties: { Model: {}, N: {}, Content: {} } }
    const value = {
      model: 'm',
      tools: [{ function: { parameters: schema } }],
      metadata: { Model: 'x', MAX_TOKENS: '1' },
      messages: [{ role: 'user', content: [{ type: 'tool_use', input: { Type: 1, type: 2 } }] }],
      'X-Trace': 1,
      Temperature: 1,
    }
    expect(scan(JSON.stringify(value)).model?.name).toBe('m')
  })

  it('refuses a body with thousands of unusual names', () => {
    const names = Array.from({ length: 2_000 }, (_, at) => `"X${at}":1`)
    expect(codeOf(() => scan(`{${names.join(',')}}`))).toBe('invalid_value')
  })

  it('refuses structurally invalid JSON', () => {
    const broken = [
      '',
      ' ',
      '[]',
      '"x"',
      'null',
      '{',
      '{"a"}',
      '{"a":}',
      '{"a":1,}',
      '{,}',
      '{"a":1 "b":2}',
      '{"a":[1,]}',
      '{"a":[1 2]}',
      '{"a":01}',
      '{"a":1.}',
      '{"a":.5}',
      '{"a":+1}',
      '{"a":1e}',
      '{"a":tru}',
      '{"a":NaN}',
      "{'a':1}",
      '{"a":"x}',
      '{"a":"x\\"}',
      '{"a":1}}',
      '{"a":1} x',
      '{"a":"\n"}',
      '\u{feff}{}',
      `{"a":"${'x'.repeat(200)}\\"}`,
    ]
    for (const text of broken) {
      expect(codeOf(() => JSON.parse(text)) ?? codeOf(() => scan(text)), text).toBeDefined()
      expect(
        codeOf(() => scan(text)),
        text,
      ).toBe('invalid_json')
    }
  })

  it('never accepts a damaged body with a different model than JSON.parse reads', () => {
    fc.assert(
      fc.property(
        body,
        fc.nat(),
        fc.constantFrom('', '"', '\\', ',', '}', '0', ' '),
        (v, at, by) => {
          const text = JSON.stringify(v)
          const offset = at % (text.length + 1)
          // Lone surrogates cannot be encoded in UTF-8.
          const damaged = (text.slice(0, offset) + by + text.slice(offset + 1)).toWellFormed()
          fc.pre(codeOf(() => JSON.parse(damaged)) === undefined)
          fc.pre(codeOf(() => scan(damaged)) === undefined)
          expect(scan(damaged).model?.name).toBe(JSON.parse(damaged).model ?? undefined)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('reads long strings with escaped quotes at any offset', () => {
    for (let pad = 0; pad < 120; pad += 1) {
      const content = `${'x'.repeat(pad)}\\"${'\\'.repeat(pad % 5)}"${'y'.repeat(pad)}`
      const text = JSON.stringify({ a: content, model: 'm' })
      expect(scan(text).model?.name).toBe('m')
    }
  })

  it('refuses too deep nesting', () => {
    const nested = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`
    expect(codeOf(() => scan(nested(JSON_DEPTH_MAX - 1)))).toBeUndefined()
    expect(codeOf(() => scan(nested(JSON_DEPTH_MAX)))).toBe('invalid_json')
    expect(codeOf(() => scan(nested(1_000_000)))).toBe('invalid_json')
  })

  it.each([
    ['model', '{"model":1}'],
    ['stream', '{"stream":"true"}'],
    ['n', '{"n":0}'],
    ['n', '{"n":1.5}'],
    ['max_tokens', '{"max_tokens":-1}'],
    ['max_completion_tokens', '{"max_completion_tokens":"1"}'],
    ['stream_options', '{"stream_options":[]}'],
  ])('names the parameter of a wrong type: %s', (param, text) => {
    expect(() => scan(text)).toThrow(expect.objectContaining({ code: 'invalid_value', param }))
  })

  it('treats nulls as absent', () => {
    const text = '{"model":null,"stream":null,"n":null,"max_tokens":null,"stream_options":null}'
    expect(scan(text)).toMatchObject({ model: undefined, stream: false, count: 1 })
  })

  it('does not count pictures as text', () => {
    const url = `data:image/png;base64,${'A'.repeat(10_000)}`
    const part = { type: 'image_url', image_url: { url } }
    const remote = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } }
    const text = JSON.stringify({ model: 'm', messages: [{ content: [part, remote, remote] }] })
    const scanned = scan(text)
    expect(scanned.attachments).toBe(3)
    expect(scanned.textBytes).toBeLessThan(400)
    expect(scanned.mediaTokens).toBe(0)
  })
})

describe('editing a chat body', () => {
  const edit = (text: string, to: { model?: string; requestUsage?: boolean }) => {
    const bytes = Buffer.from(text)
    const scanned = scanChatBody(bytes)
    const { model = scanned.model?.name ?? '', requestUsage = false } = to
    return editChatBody(bytes, scanned, { model, requestUsage })
  }

  it('returns the same buffer when nothing changes', () => {
    const bytes = Buffer.from('{"model":"m","stream_options":{"include_usage":true}}')
    const same = editChatBody(bytes, scanChatBody(bytes), { model: 'm', requestUsage: true })
    expect(same).toBe(bytes)
  })

  it('preserves order, spaces and large numbers', () => {
    const text = '{ "seed": 12345678901234567890, "model" : "public/näme", "b":1.10,"a":1e2 }'
    expect(edit(text, { model: 'gpt-"x"', requestUsage: true }).toString()).toBe(
      '{"stream_options":{"include_usage":true}, "seed": 12345678901234567890, "model" : "gpt-\\"x\\"", "b":1.10,"a":1e2 }',
    )
  })

  it('requests usage in any stream_options, and changes nothing else in it', () => {
    fc.assert(
      fc.property(body, spaced, (value, space) => {
        const before = JSON.parse(JSON.stringify({ model: 'm', ...value }))
        const after = JSON.parse(
          edit(JSON.stringify(before, null, space), {
            model: 'other',
            requestUsage: true,
          }).toString(),
        )
        expect(after.stream_options.include_usage).toBe(true)
        expect(after).toEqual({
          ...before,
          model: 'other',
          stream_options: { ...before.stream_options, include_usage: true },
        })
      }),
    )
  })
})

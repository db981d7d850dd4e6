import { describe, expect, it, test } from 'vitest'

import { LongText } from '../long-text.ts'
import { findChatReferences } from './chat-references.ts'

const picture = (name: string) => ({
  type: 'image_url',
  image_url: { url: `https://a.example/${name}.png` },
})
const user = (content: unknown) => ({ role: 'user', content })
const assistant = (content: unknown, more: object = {}) => ({ role: 'assistant', content, ...more })
const blue = user('make it blue')
const own = `/p/img/img_${'0'.repeat(32)}/0?exp=9&sig=ab`

/** The references of a conversation that ends with `make it blue`. */
const found = (...messages: unknown[]) =>
  findChatReferences([...messages, blue], { lastUserIndex: messages.length }).references

describe('the pictures that a conversation refers to', () => {
  it('are all pictures of the last user message, if it has any', () => {
    const last = user([{ type: 'text', text: 'both' }, picture('b'), picture('c')])
    const messages = [user([picture('a')]), last]
    expect(findChatReferences(messages, { lastUserIndex: 1 })).toEqual({
      references: [picture('b'), picture('c')],
      messageIndex: 1,
    })
  })

  it.each<[string, unknown[], unknown[]]>([
    ['nothing', [user('a fox'), assistant('sorry')], []],
    [
      'the last that a user sent',
      [user([picture('a'), picture('b')]), assistant('ok')],
      [picture('b')],
    ],
    [
      'of an assistant message in Markdown',
      [user([picture('a')]), assistant('![image](https://b.example/1.png)')],
      ['https://b.example/1.png'],
    ],
    [
      'the last of several in Markdown',
      [
        assistant(
          '![x](https://a.example/1) and ![y](https://a.example/2 "title") [no](https://a.example/3)',
        ),
      ],
      ['https://a.example/2'],
    ],
    ['in angle brackets', [assistant('![x](<https://a.example/1>)')], ['https://a.example/1']],
    ['a data URL', [assistant('![x](data:image/png;base64,AAAA)')], ['data:image/png;base64,AAAA']],
    [
      'in a text part',
      [assistant([{ type: 'text', text: '![x](https://a.example/1)' }])],
      ['https://a.example/1'],
    ],
    ['in a picture part', [assistant([picture('a')])], [picture('a')]],
    [
      'in images beside the text',
      [assistant('![x](https://a.example/1)', { images: [picture('a')] })],
      [picture('a')],
    ],
    [
      'of an older assistant message',
      [assistant('![x](https://a.example/1)'), user('nice'), assistant('thanks')],
      ['https://a.example/1'],
    ],
    ['not a relative URL', [assistant('![x](/files/1.png)')], []],
    ['a relative own link', [assistant(`![x](${own})`)], [own]],
    [
      'an own link in an assistant message',
      [assistant(`[download](https://b.example${own})`)],
      [own],
    ],
    [
      'a Markdown image before a link',
      [assistant(`![x](https://a.example/1) [download](${own})`)],
      ['https://a.example/1'],
    ],
    ['an own link that a user wrote', [user(`see https://b.example${own}`)], [own]],
    ['the same in a part', [user([{ type: 'text', text: own }])], [own]],
    ['nothing in a system prompt', [{ role: 'system', content: own }], []],
    ['not in the Markdown of a user', [user('![x](https://a.example/1)')], []],
    ['not a plain link', [assistant('[x](https://a.example/1)')], []],
    [
      'values of other types',
      [null, 'x', assistant(null), assistant([null, 7]), { role: 'assistant' }],
      [],
    ],
  ])('is %s', (_name, messages, references) => {
    expect(found(...messages)).toEqual(references)
  })

  it('are all picture links of this installation in the last user message', () => {
    const second = own.replace('/0?', '/1?')
    const last = user(`merge https://b.example${own} and ${second}, then ${second} again`)
    expect(findChatReferences([last], { lastUserIndex: 0 })).toEqual({
      references: [own, second],
      messageIndex: 0,
    })
  })

  it('are refused when a part is neither text nor a picture', () => {
    const parts = [
      { type: 'text', text: 'x' },
      { type: 'input_audio', input_audio: {} },
    ]
    expect(() => findChatReferences([user(parts)], { lastUserIndex: 0 })).toThrow(/'input_audio'/)
  })
})

test('text with many incomplete images is read in bounded time', () => {
  const text = '!['.repeat(2_000_000) + '](x'.repeat(2_000_000)
  expect(found(assistant(text))).toEqual([])
})

describe('a picture inside a long text', () => {
  const base64 = 'A'.repeat(20_000)
  const url = `data:image/png;base64,${base64}`
  it.each([
    ['alone', `![x](${url})`],
    ['behind a text', `here it is\\n\\n![x](${url})\\nand more`],
    ['with a title', `![x](${url} \\"title\\")`],
    ['in angle brackets', `![x](<${url}>)`],
    ['with escaped slashes', `![x](${url.replaceAll('/', '\\/')})`],
  ])('is found without building the text: %s', (_name, json) => {
    const [reference] = found(assistant(new LongText(Buffer.from(json))))
    expect(reference).toBeInstanceOf(LongText)
    expect(reference instanceof LongText && reference.text()).toBe(url)
  })

  it('is found by its URL, too', () => {
    const text = `${'words '.repeat(3_000)}![x](https://a.example/1)`
    expect(found(assistant(new LongText(Buffer.from(text))))).toEqual(['https://a.example/1'])
  })
})

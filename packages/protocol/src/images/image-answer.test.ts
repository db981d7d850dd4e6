import type { StoredPart } from '@sluice/contracts/events'
import { expect, test } from 'vitest'

import type { AnswerPiece } from './answer-piece.ts'
import { chatUsageOf, pictureMessage, readPictureChat } from './chat-picture.ts'
import { imageAnswer } from './image-answer.ts'
import { completedImageEvent, partialImageEvent } from './image-events.ts'
import { taskEvent } from './task-events.ts'
import { taskObject } from './task-object.ts'

const taskId = `img_${'0'.repeat(32)}`
const at = new Date('2026-11-21T04:00:00Z')

const part = (index: number, change: Partial<StoredPart> = {}): StoredPart => ({
  index,
  blobKey: `jobs/${taskId}/parts/${index}`,
  bytes: 100,
  sha256: 'ab',
  facts: { width: 1536, height: 1024, quality: 'high', background: 'opaque', format: 'webp' },
  revisedPrompt: null,
  tokens: { inputText: 10, inputImage: 5, output: 100 },
  ...change,
})

const linkOf = ({ index }: StoredPart) => `https://sluice.example/p/img/${taskId}/${index}?sig=1`
/** The response as the caller reads it; here each picture is the base64 of its blob key. */
const written = (pieces: readonly AnswerPiece[]) =>
  pieces
    .map((piece) => ('text' in piece ? piece.text : Buffer.from(piece.base64Of).toString('base64')))
    .join('')
const json = (pieces: readonly AnswerPiece[]): unknown => JSON.parse(written(pieces))
const b64 = (index: number) => Buffer.from(`jobs/${taskId}/parts/${index}`).toString('base64')

const answer = { taskId, createdAt: at, requested: 2, linkOf, missed: [] } as const

test('a base64 response contains effective values and the tokens of all its pictures', () => {
  const parts = [part(0, { revisedPrompt: 'a "fox"' }), part(1, { tokens: null })]
  expect(json(imageAnswer({ ...answer, parts, responseFormat: 'b64_json' }))).toEqual({
    created: 1_795_233_600,
    data: [{ b64_json: b64(0), revised_prompt: 'a "fox"' }, { b64_json: b64(1) }],
    background: 'opaque',
    output_format: 'webp',
    quality: 'high',
    size: '1536x1024',
    usage: {
      input_tokens: 15,
      output_tokens: 100,
      total_tokens: 115,
      input_tokens_details: { text_tokens: 10, image_tokens: 5 },
      output_tokens_details: { text_tokens: 0, image_tokens: 100 },
    },
    sluice: { task_id: taskId, requested: 2, delivered: 2 },
  })
})

test('a URL response contains a link per picture and lists the missing pictures', () => {
  const missed = [{ index: 0, code: 'upstream_failed', message: 'no' }]
  const input = { ...answer, parts: [part(1)], missed, responseFormat: 'url' } as const
  expect(json(imageAnswer(input))).toMatchObject({
    data: [{ url: linkOf(part(1)) }],
    sluice: { task_id: taskId, requested: 2, delivered: 1, missing: missed },
  })
})

test('a response in both formats contains base64 and a link per picture', () => {
  const parts = [part(0, { revisedPrompt: 'a fox' }), part(1)]
  expect(json(imageAnswer({ ...answer, parts, responseFormat: 'both' }))).toMatchObject({
    data: [
      { b64_json: b64(0), url: linkOf(part(0)), revised_prompt: 'a fox' },
      { b64_json: b64(1), url: linkOf(part(1)) },
    ],
  })
})

test('usage is omitted when no upstream reported tokens', () => {
  const parts = [part(0, { tokens: null })]
  expect(json(imageAnswer({ ...answer, parts, responseFormat: 'b64_json' }))).not.toHaveProperty(
    'usage',
  )
})

test('stream events have the names and fields that SDKs read', () => {
  const context = { family: 'image_edit', taskId, at } as const
  const facts = part(0).facts
  const partial = { type: 'partial', index: 0, partialIndex: 2, blobKey: 'k', facts } as const
  const [name, data] = eventOf(written(partialImageEvent(context, partial)))
  expect(name).toBe('image_edit.partial_image')
  expect(data).toMatchObject({
    type: 'image_edit.partial_image',
    b64_json: Buffer.from('k').toString('base64'),
    partial_image_index: 2,
    created_at: 1_795_233_600,
    size: '1536x1024',
  })
  const [, completed] = eventOf(
    written(completedImageEvent(context, { part: part(0), form: 'both', linkOf })),
  )
  expect(completed).toMatchObject({
    type: 'image_edit.completed',
    b64_json: b64(0),
    url: linkOf(part(0)),
    usage: { total_tokens: 115 },
  })
})

test('task events are numbered, and the last one is named by the final state', () => {
  const context = { linkOf, errorOf: (failure: object) => ({ ...failure }), hasPartial: false }
  const facts = part(0).facts
  const text = (seq: number, fact: Parameters<typeof taskEvent>[0]['fact']) =>
    written(taskEvent({ jobId: taskId, seq, at, fact }, context))
  expect(text(1, { type: 'queued' })).toMatch(/^id: 1\nevent: queued\ndata: \{.*\}\n\n$/)
  expect(text(2, { type: 'partial', index: 0, partialIndex: 0, blobKey: 'gone', facts })).toContain(
    '"b64_json":null',
  )
  const failure = { code: 'upstream_failed', message: 'line\nbreak' }
  const end = text(3, { type: 'ended', state: 'failed', parts: [], failure })
  expect(eventOf(end)).toEqual(['failed', expect.objectContaining({ data: [], error: failure })])
})

test('a task object contains links, never blob keys', () => {
  const view = {
    taskId,
    status: 'done',
    request: { kind: 'generate', model: 'm', count: 1 },
    createdAt: at,
    startedAt: at,
    endedAt: null,
    parts: [part(0)],
    missed: [],
    error: null,
  } as const
  const text = JSON.stringify(taskObject(view, linkOf))
  expect(text).toContain(linkOf(part(0)))
  expect(text).not.toContain('jobs/')
})

test('a picture chat is read from its last user message, with the pictures in it', () => {
  const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } }
  const chat = readPictureChat({
    model: 'm',
    temperature: 1,
    size: '1024x1024',
    messages: [
      { role: 'user', content: 'old' },
      { role: 'assistant', content: 'yes' },
      { role: 'user', content: [{ type: 'text', text: 'a fox' }, image] },
      { role: 'tool', content: 'ignored' },
    ],
  })
  expect(chat).toEqual({
    fields: { model: 'm', size: '1024x1024', prompt: 'a fox' },
    references: [image],
    ignored: ['temperature', 'messages'],
  })
  for (const messages of [
    undefined,
    [],
    [{ role: 'user' }],
    [{ role: 'system', content: 'x' }],
    [null],
  ])
    expect(() => readPictureChat({ model: 'm', messages })).toThrow(/'messages'/)
})

test('a chat response links every picture and reports tokens in the chat format', () => {
  expect(pictureMessage('u1')).toEqual({
    content: '![image](u1)',
    images: [{ type: 'image_url', image_url: { url: 'u1' } }],
  })
  expect(chatUsageOf([part(0)])).toEqual({
    prompt_tokens: 15,
    completion_tokens: 100,
    total_tokens: 115,
  })
})

function eventOf(text: string): [string | undefined, unknown] {
  const match = /event: (.*)\ndata: (.*)\n\n$/.exec(text)
  return [match?.[1], JSON.parse(match?.[2] ?? 'null')]
}

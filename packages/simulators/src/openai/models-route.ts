import { json, refusal } from './answer.ts'
import { unknownModel } from './images-call.ts'
import type { RouteHandler } from './simulator-context.ts'

/** `GET /v1/models` and `GET /v1/models/{id}`. */
export const answerModels: RouteHandler = (context, { call }) => {
  const list = context.models.map(({ id }) => ({
    id,
    object: 'model',
    created: 1_767_225_600,
    owned_by: 'simulator',
  }))
  const name = decodeURIComponent(call.path.slice('/v1/models/'.length))
  if (name === '') return { answer: json({ object: 'list', data: list }), produced: [] }
  const model = list.find(({ id }) => id === name)
  return { answer: model ? json(model) : unknownModel(name), produced: [] }
}

/** `GET /files/{name}`: an image that a response referred to by URL. Needs no key, as at OpenAI. */
export const answerFile: RouteHandler = (context, { call }) => {
  const file = context.files.get(call.path.slice('/files/'.length))
  if (!file) return { answer: refusal(404, { message: 'No such file.' }), produced: [] }
  const headers = { 'content-type': file.type, 'content-length': `${file.bytes.byteLength}` }
  return { answer: { status: 200, headers, blocks: [file.bytes] }, produced: [] }
}

/** Anything else. */
export const answerUnknown: RouteHandler = (_fixture, { call }) => {
  const message = `Invalid URL (${call.method} ${call.path})`
  return { answer: refusal(404, { message }), produced: [] }
}

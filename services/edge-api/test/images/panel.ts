import type { ImageModel, ImageTaskDetail } from '@sluice/contracts/control/images'

import type { Fixture } from './fixture.ts'

export const PANEL = '/api/user/images'

export const order = { model: 'gpt-image-2', prompt: 'a red fox', size: '64x64', quality: 'low' }

/** What tests look for in answers of the panel's door; what is not there fails its assertion. */
export interface PanelJson extends ImageTaskDetail {
  items: (ImageTaskDetail & { user: { email: string } | null; attempts: number })[]
  next_cursor: string | null
  images: ImageModel[]
  chat: string[]
  amount_micro: string
  affordable: boolean
  error: { code: string; param: string | null; message: string }
}

/** The panel's door as one person uses it. */
export function panelOf(fixture: Fixture, token: 'at-ada' | 'at-bob' | 'at-root' = 'at-ada') {
  const ask = (path: string, init: RequestInit & { headers?: Record<string, string> } = {}) =>
    fixture.call(path, { ...init, key: token })
  const json = async (path: string, init?: Parameters<typeof ask>[1]) => {
    const answer = await ask(path, init)
    return {
      status: answer.status,
      headers: answer.headers,
      body: (await answer.json()) as PanelJson,
    }
  }
  const send = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    json(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    })
  const read = async (id: string) => (await json(`${PANEL}/${id}`)).body
  return {
    ask,
    json,
    send,
    read,
    generateImage: async (extra: object = {}) => (await send(PANEL, { ...order, ...extra })).body,
    behaviour: (id: string, httpMethod: 'cancel' | 'retry', headers: Record<string, string> = {}) =>
      json(`${PANEL}/${id}/${httpMethod}`, { method: 'POST', headers }),
    form: (body: Uint8Array<ArrayBuffer>) =>
      json(PANEL, {
        method: 'POST',
        body,
        headers: { 'content-type': 'multipart/form-data; boundary=----test' },
      }),
    until: async (id: string, state: string) => {
      for (let look = 0; look < 500; look += 1) {
        const task = await read(id)
        if (task.state === state) return task
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      throw new Error(`the task was not ${state}`)
    },
  }
}

export interface PanelEvent {
  event: string | undefined
  id: string | undefined
  task: ImageTaskDetail
}

/** Events of the panel as they come, until the stream ends. */
export async function* eventsOf(answer: Response): AsyncGenerator<PanelEvent, void, void> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end)
      text = text.slice(end + 2)
      const data = /^data: (.*)$/m.exec(block)?.[1]
      if (data === undefined) continue
      yield {
        event: /^event: (.*)$/m.exec(block)?.[1],
        id: /^id: (.*)$/m.exec(block)?.[1],
        task: JSON.parse(data) as ImageTaskDetail,
      }
    }
  }
}

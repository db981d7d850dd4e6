import type { ImageModel, ImageTaskDetail } from '@sluice/contracts/control/images'

import type { Fixture } from './fixture.ts'

export const PANEL = '/api/user/images'

export const order = { model: 'gpt-image-2', prompt: 'a red fox', size: '64x64', quality: 'low' }

/** The members of the panel API's answers that tests read; any may be missing at run time. */
export interface PanelJson extends ImageTaskDetail {
  items: (ImageTaskDetail & { user: { email: string } | null; attempts: number })[]
  next_cursor: string | null
  images: ImageModel[]
  chat: string[]
  amount_micro: string
  affordable: boolean
  error: { code: string; param: string | null; message: string }
}

/** A client of the panel API for one user. */
export function panelOf(fixture: Fixture, token: 'at-ada' | 'at-bob' | 'at-root' = 'at-ada') {
  const request = (path: string, init: RequestInit & { headers?: Record<string, string> } = {}) =>
    fixture.call(path, { ...init, key: token })
  const json = async (path: string, init?: Parameters<typeof request>[1]) => {
    const answer = await request(path, init)
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
    request,
    json,
    send,
    read,
    generateImage: async (extra: object = {}) => (await send(PANEL, { ...order, ...extra })).body,
    postAction: (id: string, action: 'cancel' | 'retry', headers: Record<string, string> = {}) =>
      json(`${PANEL}/${id}/${action}`, { method: 'POST', headers }),
    form: (body: Uint8Array<ArrayBuffer>) =>
      json(PANEL, {
        method: 'POST',
        body,
        headers: { 'content-type': 'multipart/form-data; boundary=----test' },
      }),
    until: async (id: string, state: string) => {
      for (let attempt = 0; attempt < 500; attempt += 1) {
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

/** Yields the events of a panel stream until it ends. */
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

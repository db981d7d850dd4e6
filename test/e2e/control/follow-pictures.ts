import type { ImageTaskDetail } from '@sluice/contracts/control/images'

import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import type { TestUser } from './pictures-fixture.ts'

/** The event stream of a task. */
export interface TaskStream {
  /** The received events, oldest first. */
  tasks: ImageTaskDetail[]
  /** Waits for the first event that matches. */
  waitFor(matches: (task: ImageTaskDetail) => boolean): Promise<ImageTaskDetail>
  /** The state of the `end` event; undefined when the stream stopped without one. */
  end: Promise<string | undefined>
}

/** Reads the events of a task at one gateway. Independent of the panel's own reader, which is under test. */
export async function follow(
  { running }: Context,
  { session }: TestUser,
  id: string,
): Promise<TaskStream> {
  const answer = await fetch(`${running.baseUrl}/api/user/images/${id}/events`, {
    headers: { authorization: `Bearer ${session}` },
  })
  const type = answer.headers.get('content-type') ?? ''
  if (!answer.ok || !type.startsWith('text/event-stream'))
    throw new Error(`events: ${answer.status} ${await answer.text()}`)
  const tasks: ImageTaskDetail[] = []
  return {
    tasks,
    waitFor: (matches) => eventually(async () => tasks.find(matches)),
    end: readToEnd(answer, tasks),
  }
}

async function readToEnd(answer: Response, tasks: ImageTaskDetail[]): Promise<string | undefined> {
  const decoder = new TextDecoder()
  let [text, end] = ['', undefined as string | undefined]
  try {
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const name = /^event: (.*)$/m.exec(block)?.[1]
        const data = /^data: (.*)$/m.exec(block)?.[1]
        if (data === undefined) continue
        if (end !== undefined) throw new Error(`an event after the end: ${block}`)
        if (name === 'task') tasks.push(JSON.parse(data))
        else if (name === 'end') end = (JSON.parse(data) as { state: string }).state
      }
    }
  } catch (error) {
    // The connection breaks when the gateway is killed.
    if (!(error instanceof TypeError)) throw error
  }
  return end
}

import type { ImageTaskDetail } from '@sluice/contracts/control/images'

import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import type { TestUser } from './pictures-scene.ts'

/** What a page hears of a task. */
export interface Following {
  /** What was told so far, oldest first. */
  tasks: ImageTaskDetail[]
  /** The first telling of which something is true, now or later. */
  sees(what: (task: ImageTaskDetail) => boolean): Promise<ImageTaskDetail>
  /** The state with which the stream said that it was all; undefined when it stopped without saying so. */
  end: Promise<string | undefined>
}

/** Follows a task by its events at one door, as they come. A reader of its own, so that ours is tested. */
export async function follow(
  { running }: Context,
  { session }: TestUser,
  id: string,
): Promise<Following> {
  const answer = await fetch(`${running.baseUrl}/api/user/images/${id}/events`, {
    headers: { authorization: `Bearer ${session}` },
  })
  const type = answer.headers.get('content-type') ?? ''
  if (!answer.ok || !type.startsWith('text/event-stream'))
    throw new Error(`events: ${answer.status} ${await answer.text()}`)
  const tasks: ImageTaskDetail[] = []
  return {
    tasks,
    sees: (what) => eventually(async () => tasks.find(what)),
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
    // A connection that dies is what a page sees when its door does.
    if (!(error instanceof TypeError)) throw error
  }
  return end
}

import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { client, eventually } from '../harness/context.ts'
import { queryDatabase, balanceOf } from '../harness/ledger.ts'

/** A chat stream through the raw relay: text in order, a finish, and usage billed exactly once. */
export async function chatStream(context: Context): Promise<void> {
  const stream = await client(context).chat.completions.create({
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: 'count to three' }],
    stream: true,
    stream_options: { include_usage: true },
  })
  let text = ''
  let finish: string | null = null
  let usage: { prompt_tokens: number; completion_tokens: number } | undefined
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? ''
    finish = chunk.choices[0]?.finish_reason ?? finish
    usage = chunk.usage ?? usage
  }
  expect(text.length).toBeGreaterThan(0)
  expect(finish).toBe('stop')
  expect(usage?.completion_tokens).toBeGreaterThan(0)
  const record = await eventually(async () => {
    const rows = await queryDatabase<{ amount_micro: string; source: string }>(
      context,
      `select amount_micro::text, usage_source as source from usage_records
        where usage->>'output' = $1 and usage->>'input' = $2 order by request_id desc limit 1`,
      [String(usage?.completion_tokens), String(usage?.prompt_tokens)],
    )
    return rows[0]
  })
  expect(record.source).toBe('upstream')
  expect(BigInt(record.amount_micro)).toBeGreaterThan(0n)
}

/** Whole chat answers, the model list, and an unknown model. */
export async function chatWhole(context: Context): Promise<void> {
  const api = client(context)
  const answer = await api.chat.completions.create({
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: 'hello' }],
  })
  expect(answer.choices[0]?.message.content?.length).toBeGreaterThan(0)
  const listed = await api.models.list()
  expect(listed.data.map((model) => model.id)).toContain('gpt-4o-mini')
  expect(await api.models.retrieve('gpt-image-2')).toMatchObject({
    object: 'model',
    id: 'gpt-image-2',
  })
  await expect(
    api.chat.completions.create({
      model: 'no-such-model',
      messages: [{ role: 'user', content: 'x' }],
    }),
  ).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
}

/** An image model named in chat answers with the picture as a Markdown link, whole and streaming. */
export async function chatPicture(context: Context): Promise<void> {
  const api = client(context)
  const before = await balanceOf(context)
  const messages = [{ role: 'user' as const, content: 'a picture of a kettle' }]
  const whole = await api.chat.completions.create({ model: 'gpt-image-2', messages })
  const link = /!\[[^\]]*\]\((http[^)]+)\)/.exec(whole.choices[0]?.message.content ?? '')?.[1]
  const picture = await fetch(link ?? '')
  expect(picture.headers.get('content-type')).toMatch(/^image\//)
  let text = ''
  const stream = await api.chat.completions.create({ model: 'gpt-image-2', messages, stream: true })
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  expect(text).toMatch(/!\[[^\]]*\]\(http[^)]+\)/)
  expect((await balanceOf(context)).availableMicro).toBeLessThan(before.availableMicro)
}

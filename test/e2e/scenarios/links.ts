import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { call } from '../harness/context.ts'

/** Generates one picture and returns its signed link. */
export async function generateLink(context: Context): Promise<URL> {
  const answer = await call(context, '/v1/images/generations', {
    body: {
      model: 'gpt-image-2',
      prompt: 'a link',
      quality: 'low',
      size: '1024x1024',
      response_format: 'url',
    },
  })
  const { data } = (await answer.json()) as { data: { url: string }[] }
  return new URL(data[0]?.url ?? '')
}

/** A signed link serves the stored picture with variants, ranges and caching; forged ones are refused. */
export async function signedLinks(context: Context): Promise<void> {
  const link = await generateLink(context)
  const whole = await fetch(link)
  expect(whole.status).toBe(200)
  expect(whole.headers.get('content-type')).toBe('image/png')
  expect(whole.headers.get('x-content-type-options')).toBe('nosniff')
  expect(whole.headers.get('cache-control')).toMatch(/immutable/)
  const bytes = Buffer.from(await whole.arrayBuffer())

  const cached = await fetch(link, {
    headers: { 'if-none-match': whole.headers.get('etag') ?? '' },
  })
  expect(cached.status).toBe(304)
  const range = await fetch(link, { headers: { range: 'bytes=0-7' } })
  expect(range.status).toBe(206)
  expect(Buffer.from(await range.arrayBuffer())).toEqual(bytes.subarray(0, 8))

  const thumbnail = await fetch(`${link}&thumb_kb=10`)
  expect(thumbnail.status).toBe(200)
  expect((await thumbnail.arrayBuffer()).byteLength).toBeLessThanOrEqual(10 * 1024)
  const variant = await fetch(`${link}&w=128&format=webp`)
  expect(variant.headers.get('content-type')).toBe('image/webp')
  await variant.arrayBuffer()

  const forgeries = [
    replaced(link, 'sig', (sig) => sig.replace(/.$/, (last) => (last === '0' ? '1' : '0'))),
    replaced(link, 'exp', (exp) => String(Number(exp) + 60)),
    replaced(link, 'sig', () => ''),
    new URL(link.href.replace(/\/0\?/, '/1?')),
  ]
  for (const forged of forgeries) {
    const answer = await fetch(forged)
    expect(answer.status, forged.search).toBe(403)
    expect(await answer.text()).toContain('invalid_signature')
  }
  const late = await fetch(replaced(link, 'exp', () => '1700000000'))
  expect(late.status).toBe(403)
  await late.arrayBuffer()
}

/** A link issued before a restart is valid after it, and at a second replica. */
export async function linksSurviveRestart(context: Context): Promise<void> {
  const { running } = context
  const link = await generateLink(context)
  if (running.otherBaseUrl) {
    const other = await fetch(`${running.otherBaseUrl}${link.pathname}${link.search}`)
    expect(other.status).toBe(200)
    await other.arrayBuffer()
  }
  await running.kill('imgproxy')
  await running.start('imgproxy')
  const again = await fetch(link)
  expect(again.status).toBe(200)
  await again.arrayBuffer()
}

function replaced(link: URL, name: string, change: (value: string) => string): URL {
  const url = new URL(link)
  url.searchParams.set(name, change(url.searchParams.get(name) ?? ''))
  return url
}

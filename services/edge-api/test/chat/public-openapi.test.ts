import { chatCompletion, chatCompletionChunk } from '@sluice/contracts/public-api/chat'
import { apiError } from '@sluice/contracts/public-api/errors'
import { apiModel, apiModelList } from '@sluice/contracts/public-api/models'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Fixture } from './fixture.ts'
import { createFixture } from './fixture.ts'

// A route that only names its successor.
const RETIRED = ['POST /v1/images/variations']

let fixture: Fixture
beforeAll(async () => void (fixture = await createFixture()))
afterAll(() => fixture.close())

interface Document {
  openapi: string
  paths: Record<string, Record<string, { security: unknown[] }>>
}

const read = async () => {
  const answer = await fetch(`${fixture.url}/v1/openapi.json`)
  expect(answer.status).toBe(200)
  return (await answer.json()) as Document
}

describe('the OpenAPI document of /v1', () => {
  it('is read without an API key, also by pages of other sites', async () => {
    const { openapi } = await read()
    expect(openapi).toBe('3.1.0')
    const headers = { origin: 'https://tools.example' }
    const answer = await fetch(`${fixture.url}/v1/openapi.json`, { headers })
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  })

  it('has every route that is mounted below /v1, and no other', async () => {
    const { paths } = await read()
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const mounted = fixture.edge.app.routes
      .filter(({ path, method }) => path.startsWith('/v1/') && method !== 'ALL')
      .map(({ path, method }) => `${method} ${path.replaceAll(/:(\w+)(\{[^}]*\})?/g, '{$1}')}`)
      .filter((route) => !RETIRED.includes(route))
    expect(documented.toSorted()).toEqual([...new Set(mounted)].toSorted())
  })

  it('names the routes that need an API key, and these refuse a call without one', async () => {
    const { paths } = await read()
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { security }] of Object.entries(methods)) {
        const url = fixture.url + path.replaceAll(/\{\w+\}/g, 'x')
        const { status } = await fetch(url, { method: method.toUpperCase() })
        expect(status, `${method} ${path}`).toBe(security.length > 0 ? 401 : 200)
      }
    }
  })

  it('describes what is answered: chat, models and errors', async () => {
    chatCompletion.parse(JSON.parse((await fixture.chat()).text))
    const events = (await fixture.chat({ stream: true })).text.split('\n\n').filter(Boolean)
    const chunks = events.filter((event) => event !== 'data: [DONE]')
    expect(chunks.length).toBeGreaterThan(1)
    for (const chunk of chunks) chatCompletionChunk.parse(JSON.parse(chunk.replace(/^data: /, '')))
    apiModelList.strict().parse(await (await fixture.get('/v1/models')).body.json())
    apiModel.strict().parse(await (await fixture.get('/v1/models/gpt-5-mini')).body.json())
    apiError.parse(await (await fixture.get('/v1/models/none')).body.json())
  })
})

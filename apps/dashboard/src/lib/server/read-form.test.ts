import { expect, it } from 'vitest'

import { readForm } from './read-form.ts'

const send = (body: BodyInit, headers: Record<string, string> = {}) =>
  readForm(new Request('http://panel.test/login', { method: 'POST', body, headers }))

it('has the fields that a browser sends, including repeated ones', async () => {
  const sent = [
    ['name', 'heron'],
    ['network', '10.0.0.0/8'],
    ['network', '::1'],
    ['__superform_id', 'key'],
  ]
  expect([...(await send(new URLSearchParams(sent)))]).toEqual(sent)
  const parts = new FormData()
  for (const [name = '', value = ''] of sent) parts.append(name, value)
  expect([...(await send(parts))]).toEqual(sent)
})

it('ignores fields of the superforms format, which can expand to large values', async () => {
  const twice = Array.from({ length: 30 }, (_, index) => ({ a: index + 1, b: index + 1 }))
  const form = await send(
    new URLSearchParams({
      __superform_json: JSON.stringify([...twice, 'x']),
      '__superform_file_name.first': 'x',
      __superform_files_name: 'x',
      name: 'heron',
    }),
  )
  expect([...form]).toEqual([['name', 'heron']])
})

it('has no fields if the body is not a form', async () => {
  for (const type of ['text/plain', 'multipart/form-data', 'application/json'])
    expect([...(await send('name=heron', { 'content-type': type }))]).toEqual([])
})

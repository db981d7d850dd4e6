import { expect, it } from 'vitest'

import { startNewHouse } from './harness/house.ts'
import { copyAs } from './stories/copy-as-program.ts'
import { explainCharge } from './stories/explain-charge.ts'
import { findInGallery } from './stories/find-in-gallery.ts'
import { lookCloser } from './stories/look-closer.ts'
import { makePerson, signOut, switchChannel, watchTheSystem } from './stories/operate.ts'
import { readPrinted, signInFirst } from './stories/sign-in-first.ts'
import { setStage, visit } from './stories/stage.ts'
import { makeKey, runCurl, useKeyUp } from './stories/use-a-key.ts'
import { watchItDrawn } from './stories/watch-it-drawn.ts'

// One picture at a time, so that a second one is seen to wait.
const stage = setStage(() => startNewHouse({ IMAGE_CONCURRENCY_MAX: '1' }))

// Each tells the whole story in the same house, so the second finds what the first one left.
const tellings = [
  { language: 'en', prompts: ['a heron at dawn', 'a barge under a bridge'], stored: 0 },
  { language: 'zh', prompts: ['黎明时分的苍鹭', '桥下的驳船'], stored: 4 },
] as const

it.each(tellings)(
  'whoever started it signs in, draws, pays, calls by a key and operates, in $language',
  async ({ language, prompts, stored }) => {
    const printed = readPrinted(stage.house.output())
    expect(printed.address).toBe(stage.house.baseUrl)
    // The wrong password, where the page was quicker pressed than alive.
    await visit(stage, { language, expecting: [/status of 401/] }, async (person) => {
      await signInFirst(person, { ...printed, isNew: stored === 0 })
      const { priceMicro } = await watchItDrawn(person, prompts)
      await lookCloser(person, { prompts, count: stored + 2 })
      const line = await copyAs(person, { prompt: prompts[0], item: 'curl' })
      await findInGallery(person, prompts)
      const { chargedMicro } = await explainCharge(person, { charges: stored + 2 })
      expect(chargedMicro).toBeLessThanOrEqual(BigInt(priceMicro))

      const name = `program-${language}`
      const apiKey = await makeKey(person, name)
      const draw = async () => {
        const [link = ''] = await runCurl(line, apiKey)
        const picture = await fetch(link)
        expect(picture.headers.get('content-type')).toBe('image/png')
      }
      await draw()
      await useKeyUp(person, { name, apiKey })

      const drawAnother = async () => {
        await runCurl(line, stage.house.apiKey)
      }
      await watchTheSystem(person, { stored: stored + 3, drawAnother })
      await makePerson(person, `${language}@story.test`)
      await switchChannel(person, 'openai')
      await signOut(person)
    })
  },
)

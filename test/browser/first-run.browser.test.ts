import { expect, it } from 'vitest'

import { startNewInstallation } from './harness/installation.ts'
import { copyAs } from './stories/copy-as-program.ts'
import { explainCharge } from './stories/explain-charge.ts'
import { findInGallery } from './stories/find-in-gallery.ts'
import { lookCloser } from './stories/look-closer.ts'
import { makeUser, signOut, switchChannel, watchTheSystem } from './stories/operate.ts'
import { readPrinted, signInFirst } from './stories/sign-in-first.ts'
import { setStage, visit } from './stories/stage.ts'
import { makeKey, runCurl, useKeyUp } from './stories/use-a-key.ts'
import { watchGeneration } from './stories/watch-generation.ts'

// One picture at a time, so that a second one is seen to wait.
const stage = setStage(() => startNewInstallation({ IMAGE_CONCURRENCY_MAX: '1' }))

// Each tells the whole story in the same house, so the second finds what the first one left.
const tellings = [
  { language: 'en', prompts: ['a heron at dawn', 'a barge under a bridge'], stored: 0 },
  { language: 'zh', prompts: ['黎明时分的苍鹭', '桥下的驳船'], stored: 4 },
] as const

it.each(tellings)(
  'whoever started it signs in, draws, pays, calls by a key and operates, in $language',
  async ({ language, prompts, stored }) => {
    const printed = readPrinted(stage.installation.output())
    expect(printed.address).toBe(stage.installation.baseUrl)
    // The wrong password, where the page was quicker pressed than alive.
    await visit(stage, { language, expecting: [/status of 401/] }, async (user) => {
      await signInFirst(user, { ...printed, isNew: stored === 0 })
      const { priceMicro } = await watchGeneration(user, prompts)
      await lookCloser(user, { prompts, count: stored + 2 })
      const line = await copyAs(user, { prompt: prompts[0], item: 'curl' })
      await findInGallery(user, prompts)
      const { chargedMicro } = await explainCharge(user, { charges: stored + 2 })
      expect(chargedMicro).toBeLessThanOrEqual(BigInt(priceMicro))

      const name = `program-${language}`
      const apiKey = await makeKey(user, name)
      const generatePicture = async () => {
        const [link = ''] = await runCurl(line, apiKey)
        const picture = await fetch(link)
        expect(picture.headers.get('content-type')).toBe('image/png')
      }
      await generatePicture()
      await useKeyUp(user, { name, apiKey })

      const drawAnother = async () => {
        await runCurl(line, stage.installation.apiKey)
      }
      await watchTheSystem(user, { stored: stored + 3, drawAnother })
      await makeUser(user, `${language}@story.test`)
      await switchChannel(user, 'openai')
      await signOut(user)
    })
  },
)

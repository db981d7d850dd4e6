import { expect, it } from 'vitest'

import { startNewInstallation } from './harness/installation.ts'
import { copyAs } from './stories/copy-as-program.ts'
import { explainCharge } from './stories/explain-charge.ts'
import { findInGallery } from './stories/find-in-gallery.ts'
import { checkLightbox } from './stories/check-lightbox.ts'
import { createUser, signOut, switchChannel, checkOverview } from './stories/operate.ts'
import { readPrinted, signInFirst } from './stories/sign-in-first.ts'
import { startEnvironment, withPanelUser } from './stories/environment.ts'
import { createKey, runCurl, exerciseKeyLifecycle } from './stories/api-key-lifecycle.ts'
import { watchGeneration } from './stories/watch-generation.ts'

// One picture at a time, so that a second one is queued.
const environment = startEnvironment(() => startNewInstallation({ IMAGE_CONCURRENCY_MAX: '1' }))

// Both runs use the same installation, so the second one finds the data of the first.
const runs = [
  { language: 'en', prompts: ['a heron at dawn', 'a barge under a bridge'], stored: 0 },
  { language: 'zh', prompts: ['黎明时分的苍鹭', '桥下的驳船'], stored: 4 },
] as const

it.each(runs)(
  'the first admin signs in, generates, is charged, uses an API key and operates, in $language',
  async ({ language, prompts, stored }) => {
    const printed = readPrinted(environment.installation.output())
    expect(printed.address).toBe(environment.installation.baseUrl)
    // The wrong password, if the form was submitted before hydration.
    await withPanelUser(environment, { language, expecting: [/status of 401/] }, async (user) => {
      await signInFirst(user, { ...printed, isNew: stored === 0 })
      const { priceMicro } = await watchGeneration(user, prompts)
      await checkLightbox(user, { prompts, count: stored + 2 })
      const line = await copyAs(user, { prompt: prompts[0], item: 'curl' })
      await findInGallery(user, prompts)
      const { chargedMicro } = await explainCharge(user, { charges: stored + 2 })
      expect(chargedMicro).toBeLessThanOrEqual(BigInt(priceMicro))

      const name = `program-${language}`
      const apiKey = await createKey(user, name)
      const generatePicture = async () => {
        const [link = ''] = await runCurl(line, apiKey)
        const picture = await fetch(link)
        expect(picture.headers.get('content-type')).toBe('image/png')
      }
      await generatePicture()
      await exerciseKeyLifecycle(user, { name, apiKey })

      const generateAnother = async () => {
        await runCurl(line, environment.installation.apiKey)
      }
      await checkOverview(user, { stored: stored + 3, generateAnother })
      await createUser(user, `${language}@story.test`)
      await switchChannel(user, 'openai')
      await signOut(user)
    })
  },
)

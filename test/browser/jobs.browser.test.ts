import { expect, it } from 'vitest'

import { ADMIN, startInstallation } from './harness/installation.ts'
import { signIn } from './harness/browser-user.ts'
import { signInHere } from './stories/users.ts'
import { alive, setStage, soon, visit } from './stories/stage.ts'
import { submitPrompt, generatePicture, studioOf } from './stories/studio.ts'

// One picture at a time, so that a second one is seen to wait.
const stage = setStage(() => startInstallation({ IMAGE_CONCURRENCY_MAX: '1' }))

it('a reload in mid-job finds the row at its place at once, and sees it through', async () => {
  await visit(stage, {}, async (user) => {
    const { installation, page } = user
    const studio = studioOf(user)
    await signIn(page, ADMIN)
    await studio.open()
    await generatePicture(user, 'an otter, drawn before')
    const goOn = installation.testUpstream.hold('a reed bed in wind', 'partial')
    await submitPrompt(user, 'a reed bed in wind')
    await studio.partial('a reed bed in wind').waitFor()

    const answer = await page.reload()
    const html = (await answer?.text()) ?? ''
    // At once: it stands in the page itself, before any script has run.
    const at = ['a reed bed in wind', 'an otter, drawn before'].map((text) => html.indexOf(text))
    expect(at).toEqual(at.toSorted((one, other) => one - other))
    expect(at[0]).toBeGreaterThan(0)
    await studio.partial('a reed bed in wind').waitFor()
    goOn()
    await studio.at('a reed bed in wind', 'stored').waitFor()
    const rows = page.getByRole('article').getByRole('heading')
    expect(await rows.allInnerTexts()).toEqual(['a reed bed in wind', 'an otter, drawn before'])
  })
})

it('a closed tab loses nothing: the picture is there when its person comes back', async () => {
  await visit(stage, {}, async (user) => {
    const { installation, page } = user
    await signIn(page, ADMIN)
    await studioOf(user).open()
    const goOn = installation.testUpstream.hold('a kingfisher')
    await submitPrompt(user, 'a kingfisher')
    await studioOf(user).at('a kingfisher', 'generating').waitFor()
    await page.close()
    goOn()
    const tab = await user.user.openTab()
    const studio = studioOf(user, tab)
    await studio.open()
    await studio.at('a kingfisher', 'stored').waitFor()
    expect(await studio.row('a kingfisher').count()).toBe(1)
  })
})

it('what is asked, and what is cancelled, in one tab is seen in the other', async () => {
  await visit(stage, {}, async (user) => {
    const { installation, page, messages } = user
    await signIn(page, ADMIN)
    const here = studioOf(user)
    await here.open()
    const tab = await user.user.openTab()
    const there = studioOf(user, tab)
    await there.open()

    const goOn = installation.testUpstream.hold('a ferry at night')
    await submitPrompt(user, 'a ferry at night')
    await there.at('a ferry at night', 'generating').waitFor()
    await submitPrompt(user, 'a lock gate', tab)
    await here.at('a lock gate', 'queued').waitFor()
    // What is being drawn cannot be called back, and says so.
    expect(await here.cancel('a ferry at night').getAttribute('aria-disabled')).toBe('true')
    await here.row('a ferry at night').getByText(messages.pictures.cancelGeneration).waitFor({
      state: 'attached',
    })
    await here.cancel('a lock gate').click()
    await here.at('a lock gate', 'cancelled').waitFor()
    await there.at('a lock gate', 'cancelled').waitFor()
    goOn()
    await here.at('a ferry at night', 'stored').waitFor()
    await there.at('a ferry at night', 'stored').waitFor()
  })
})

it('signing out in one tab leads the other to login on its next act, and back', async () => {
  await visit(stage, { expecting: [/status of 401/] }, async (user) => {
    const { page, messages } = user
    await signIn(page, ADMIN)
    const tab = await user.user.openTab()
    const studio = studioOf(user, tab)
    await studio.open()
    await studio.prompt.fill('a prompt that is not lost')

    await alive(user, page)
    await page.getByRole('button', { name: messages.shell.yourAccount }).click()
    await page.getByRole('menuitem', { name: messages.everywhere.signOut }).click()
    await page.getByRole('heading', { name: messages.login.title }).waitFor()

    await studio.generate.click()
    await tab.getByRole('heading', { name: messages.login.title }).waitFor()
    expect(new URL(tab.url()).searchParams.get('next')).toBe('/studio')
    await signInHere({ ...user, page: tab }, ADMIN)
    await soon(() => new URL(tab.url()).pathname).toBe('/studio')
    await soon(() => studio.prompt.inputValue()).toBe('a prompt that is not lost')
  })
})

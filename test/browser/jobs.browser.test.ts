import { expect, it } from 'vitest'

import { ADMIN, startInstallation } from './harness/installation.ts'
import { signIn } from './harness/browser-session.ts'
import { signInHere } from './stories/users.ts'
import {
  untilInteractive,
  startEnvironment,
  eventually,
  withPanelUser,
} from './stories/environment.ts'
import { submitPrompt, generatePicture, studioOf } from './stories/studio.ts'

// One picture at a time, so that a second one is queued.
const environment = startEnvironment(() => startInstallation({ IMAGE_CONCURRENCY_MAX: '1' }))

it('after a reload during a job its row is shown immediately in order, and the job completes', async () => {
  await withPanelUser(environment, {}, async (user) => {
    const { installation, page } = user
    const studio = studioOf(user)
    await signIn(page, ADMIN)
    await studio.open()
    await generatePicture(user, 'an otter, made before')
    const release = installation.testUpstream.hold('a reed bed in wind', 'partial')
    await submitPrompt(user, 'a reed bed in wind')
    await studio.partial('a reed bed in wind').waitFor()

    const answer = await page.reload()
    const html = (await answer?.text()) ?? ''
    // The rows are in the server-rendered page, before any script runs.
    const at = ['a reed bed in wind', 'an otter, made before'].map((text) => html.indexOf(text))
    expect(at).toEqual(at.toSorted((one, other) => one - other))
    expect(at[0]).toBeGreaterThan(0)
    await studio.partial('a reed bed in wind').waitFor()
    release()
    await studio.at('a reed bed in wind', 'stored').waitFor()
    const rows = page.getByRole('article').getByRole('heading')
    expect(await rows.allInnerTexts()).toEqual(['a reed bed in wind', 'an otter, made before'])
  })
})

it('a job continues after its tab is closed: the picture is shown in a new tab', async () => {
  await withPanelUser(environment, {}, async (user) => {
    const { installation, page } = user
    await signIn(page, ADMIN)
    await studioOf(user).open()
    const release = installation.testUpstream.hold('a kingfisher')
    await submitPrompt(user, 'a kingfisher')
    await studioOf(user).at('a kingfisher', 'generating').waitFor()
    await page.close()
    release()
    const tab = await user.session.openTab()
    const studio = studioOf(user, tab)
    await studio.open()
    await studio.at('a kingfisher', 'stored').waitFor()
    expect(await studio.row('a kingfisher').count()).toBe(1)
  })
})

it('a request and a cancellation in one tab are shown in the other', async () => {
  await withPanelUser(environment, {}, async (user) => {
    const { installation, page, messages } = user
    await signIn(page, ADMIN)
    const here = studioOf(user)
    await here.open()
    const tab = await user.session.openTab()
    const there = studioOf(user, tab)
    await there.open()

    const release = installation.testUpstream.hold('a ferry at night')
    await submitPrompt(user, 'a ferry at night')
    await there.at('a ferry at night', 'generating').waitFor()
    await submitPrompt(user, 'a lock gate', tab)
    await here.at('a lock gate', 'queued').waitFor()
    // A running task cannot be cancelled; the button has the reason.
    expect(await here.cancel('a ferry at night').getAttribute('aria-disabled')).toBe('true')
    await here.row('a ferry at night').getByText(messages.pictures.cancelGeneration).waitFor({
      state: 'attached',
    })
    await here.cancel('a lock gate').click()
    await here.at('a lock gate', 'cancelled').waitFor()
    await there.at('a lock gate', 'cancelled').waitFor()
    release()
    await here.at('a ferry at night', 'stored').waitFor()
    await there.at('a ferry at night', 'stored').waitFor()
  })
})

it('signing out in one tab redirects the other to login on its next action, and back', async () => {
  await withPanelUser(environment, { expecting: [/status of 401/] }, async (user) => {
    const { page, messages } = user
    await signIn(page, ADMIN)
    const tab = await user.session.openTab()
    const studio = studioOf(user, tab)
    await studio.open()
    await studio.prompt.fill('a prompt that is not lost')

    await untilInteractive(user, page)
    await page.getByRole('button', { name: messages.shell.yourAccount }).click()
    await page.getByRole('menuitem', { name: messages.everywhere.signOut }).click()
    await page.getByRole('heading', { name: messages.login.title }).waitFor()

    await studio.generate.click()
    await tab.getByRole('heading', { name: messages.login.title }).waitFor()
    expect(new URL(tab.url()).searchParams.get('next')).toBe('/studio')
    await signInHere({ ...user, page: tab }, ADMIN)
    await eventually(() => new URL(tab.url()).pathname).toBe('/studio')
    await eventually(() => studio.prompt.inputValue()).toBe('a prompt that is not lost')
  })
})

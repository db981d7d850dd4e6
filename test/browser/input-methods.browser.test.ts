import { expect, it } from 'vitest'

import { ADMIN, startInstallation } from './harness/installation.ts'
import { phone, signIn } from './harness/browser-session.ts'
import { hasFocus, tabTo } from './stories/keyboard.ts'
import { addReferenceFile, pictureFile } from './stories/reference-files.ts'
import {
  untilInteractive,
  open,
  startEnvironment,
  eventually,
  withPanelUser,
} from './stories/environment.ts'
import { submitPrompt, TEST_IMAGE_MODEL, studioOf } from './stories/studio.ts'
import { messagesOf } from './stories/messages.ts'

const environment = startEnvironment(() => startInstallation())

it('reference pictures are added by choosing, pasting and dropping, and are sent with the request', async () => {
  await withPanelUser(environment, {}, async (user) => {
    const { installation, page, messages } = user
    const studio = studioOf(user)
    await signIn(page, ADMIN)
    await studio.open()
    await studio.model.selectOption(TEST_IMAGE_MODEL)
    const chips = page
      .getByRole('group', { name: messages.studio.references })
      .getByRole('listitem')

    const choosing = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: messages.studio.addReferences }).click()
    const chooser = await choosing
    await chooser.setFiles([await pictureFile('chosen.png', '#357')])
    await chips.filter({ hasText: 'chosen.png' }).waitFor()
    await studio.prompt.focus()
    await addReferenceFile(user, { by: 'paste', file: await pictureFile('pasted.png', '#753') })
    await chips.filter({ hasText: 'pasted.png' }).waitFor()
    await addReferenceFile(user, { by: 'drop', file: await pictureFile('dropped.png', '#573') })
    await chips.filter({ hasText: 'dropped.png' }).waitFor()

    const letter = { name: 'letter.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') }
    await addReferenceFile(user, { by: 'drop', file: letter })
    await page.getByText(messages.studio.refused.type('letter.txt')).waitFor()
    expect(await chips.count()).toBe(3)

    // They survive a reload, like the rest of the form.
    await page.reload()
    await untilInteractive(user, page)
    await eventually(() => chips.count()).toBe(3)
    await page.getByRole('button', { name: messages.studio.removeReference('dropped.png') }).click()
    await eventually(() => chips.count()).toBe(2)
    await studio.prompt.fill('both of them, side by side')
    await studio.generate.click()
    await studio.at('both of them, side by side', 'stored').waitFor()
    await studio
      .row('both of them, side by side')
      .getByText(messages.pictures.referenceCount(2))
      .waitFor()
    const edit = installation.simulator.log().find(({ route }) => route === 'images.edits')
    expect(edit?.parts.filter((part) => part.startsWith('image'))).toHaveLength(2)
  })
})

it('without a mouse: from login to a stored picture', async () => {
  await withPanelUser(environment, {}, async (user) => {
    const { page, messages } = user
    await page.goto('/login')
    await tabTo(page, page.getByLabel(messages.login.email))
    await page.keyboard.type(ADMIN.email)
    await page.keyboard.press('Tab')
    await page.keyboard.type(ADMIN.password)
    await page.keyboard.press('Enter')
    await untilInteractive(user, page)

    // The palette opens any page by its name.
    await page.keyboard.press('Control+k')
    const palette = page.getByRole('dialog', { name: messages.shell.palette.open })
    await eventually(() => hasFocus(palette.getByRole('combobox'))).toBe(true)
    await page.keyboard.type(messages.shell.navItems.studio)
    await palette.getByRole('option', { name: messages.shell.navItems.studio }).first().waitFor()
    await page.keyboard.press('Enter')
    const studio = studioOf(user)
    await studio.prompt.waitFor()
    await palette.waitFor({ state: 'hidden' })

    // The skip link skips the rail.
    await page.reload()
    await untilInteractive(user, page)
    await page.keyboard.press('Tab')
    expect(
      await hasFocus(page.getByRole('link', { name: messages.everywhere.skipToContent })),
    ).toBe(true)
    await page.keyboard.press('Enter')
    await tabTo(page, studio.prompt)
    await page.keyboard.type('an egret, by keyboard')
    await eventually(() => studio.generate.getAttribute('aria-disabled')).toBeNull()
    await page.keyboard.press('Control+Enter')
    await studio.at('an egret, by keyboard', 'stored').waitFor()
    await tabTo(page, studio.picture('an egret, by keyboard'))
    await page.keyboard.press('Enter')
    const lightbox = page.getByRole('dialog', { name: messages.everywhere.lightbox })
    await lightbox.waitFor()
    await page.keyboard.press('Escape')
    await lightbox.waitFor({ state: 'hidden' })
  })
})

it.each([
  ['en', 'zh'],
  ['zh', 'en'],
] as const)('on a phone, in %s: from the menu to a picture, then in %s', async (...both) => {
  const [language, other] = both
  await withPanelUser(environment, { language, viewport: phone }, async (user) => {
    const { page, messages } = user
    await signIn(page, ADMIN)
    await untilInteractive(user, page)
    await page.getByRole('button', { name: messages.shell.openNavigation }).click()
    await page
      .getByRole('dialog')
      .getByRole('link', { name: messages.shell.navItems.studio })
      .click()
    const prompt = `a ${language} picture on a phone`
    await submitPrompt(user, prompt)
    const tile = studioOf(user).at(prompt, 'stored')
    await tile.waitFor()
    // The results are below the form, and the page has scrolled to them.
    await eventually(() =>
      tile.evaluate((element) => element.getBoundingClientRect().top),
    ).toBeLessThan(844)
    const isWider = 'document.documentElement.scrollWidth > document.documentElement.clientWidth'
    expect(await page.evaluate(isWider)).toBe(false)

    // Typed text is kept when the language changes.
    await studioOf(user).prompt.fill('half a sentence')
    await page.getByRole('button', { name: messages.shell.openNavigation }).click()
    await page.getByRole('dialog').getByLabel(messages.everywhere.language).selectOption(other)
    const theirs = { ...user, messages: messagesOf[other] }
    await page.getByRole('dialog').getByText(theirs.messages.shell.navItems.usage).waitFor()
    await page.keyboard.press('Escape')
    expect(await studioOf(theirs).prompt.inputValue()).toBe('half a sentence')
  })
})

it('Esc closes one layer at a time', async () => {
  await withPanelUser(environment, {}, async (user) => {
    const { page, messages } = user
    await signIn(page, ADMIN)
    await open(user, '/keys?new=1')
    const sheet = page.getByRole('dialog', { name: messages.keys.createTitle })
    await sheet.waitFor()
    await page.keyboard.press('Control+k')
    const palette = page.getByRole('dialog', { name: messages.shell.palette.open })
    await palette.waitFor()
    await page.keyboard.press('Escape')
    await palette.waitFor({ state: 'hidden' })
    expect(await sheet.isVisible()).toBe(true)
    await page.keyboard.press('Escape')
    await sheet.waitFor({ state: 'hidden' })
    await eventually(() => new URL(page.url()).search).toBe('')
  })
})

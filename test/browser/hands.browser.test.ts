import { expect, it } from 'vitest'

import { ADMIN, startInstallation } from './harness/installation.ts'
import { phone, signIn } from './harness/browser-user.ts'
import { hasFocus, tabTo } from './stories/keyboard.ts'
import { give, pictureFile } from './stories/reference-files.ts'
import { alive, open, setStage, soon, visit } from './stories/stage.ts'
import { submitPrompt, PAINTED_MODEL, studioOf } from './stories/studio.ts'
import { messagesOf } from './stories/messages.ts'

const stage = setStage(() => startInstallation())

it('reference pictures come by choosing, by pasting and by dropping, and go along', async () => {
  await visit(stage, {}, async (user) => {
    const { installation, page, messages } = user
    const studio = studioOf(user)
    await signIn(page, ADMIN)
    await studio.open()
    await studio.model.selectOption(PAINTED_MODEL)
    const chips = page
      .getByRole('group', { name: messages.studio.references })
      .getByRole('listitem')

    const choosing = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: messages.studio.addReferences }).click()
    const chooser = await choosing
    await chooser.setFiles([await pictureFile('chosen.png', '#357')])
    await chips.filter({ hasText: 'chosen.png' }).waitFor()
    await studio.prompt.focus()
    await give(user, { by: 'paste', file: await pictureFile('pasted.png', '#753') })
    await chips.filter({ hasText: 'pasted.png' }).waitFor()
    await give(user, { by: 'drop', file: await pictureFile('dropped.png', '#573') })
    await chips.filter({ hasText: 'dropped.png' }).waitFor()

    const letter = { name: 'letter.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') }
    await give(user, { by: 'drop', file: letter })
    await page.getByText(messages.studio.refused.type('letter.txt')).waitFor()
    expect(await chips.count()).toBe(3)

    // They survive a reload, like everything else of the form.
    await page.reload()
    await alive(user, page)
    await soon(() => chips.count()).toBe(3)
    await page.getByRole('button', { name: messages.studio.removeReference('dropped.png') }).click()
    await soon(() => chips.count()).toBe(2)
    await studio.prompt.fill('both of them, side by side')
    await studio.generate.click()
    await studio.at('both of them, side by side', 'stored').waitFor()
    await studio
      .row('both of them, side by side')
      .getByText(messages.pictures.referenceCount(2))
      .waitFor()
    const asked = installation.simulator.log().find(({ route }) => route === 'images.edits')
    expect(asked?.parts.filter((part) => part.startsWith('image'))).toHaveLength(2)
  })
})

it('without a mouse: from login to a stored picture', async () => {
  await visit(stage, {}, async (user) => {
    const { page, messages } = user
    await page.goto('/login')
    await tabTo(page, page.getByLabel(messages.login.email))
    await page.keyboard.type(ADMIN.email)
    await page.keyboard.press('Tab')
    await page.keyboard.type(ADMIN.password)
    await page.keyboard.press('Enter')
    await alive(user, page)

    // The palette leads to any page by its name.
    await page.keyboard.press('Control+k')
    const palette = page.getByRole('dialog', { name: messages.shell.palette.open })
    await soon(() => hasFocus(palette.getByRole('combobox'))).toBe(true)
    await page.keyboard.type(messages.shell.navItems.studio)
    await palette.getByRole('option', { name: messages.shell.navItems.studio }).first().waitFor()
    await page.keyboard.press('Enter')
    const studio = studioOf(user)
    await studio.prompt.waitFor()
    await palette.waitFor({ state: 'hidden' })

    // Past the whole rail at one press.
    await page.reload()
    await alive(user, page)
    await page.keyboard.press('Tab')
    expect(
      await hasFocus(page.getByRole('link', { name: messages.everywhere.skipToContent })),
    ).toBe(true)
    await page.keyboard.press('Enter')
    await tabTo(page, studio.prompt)
    await page.keyboard.type('an egret, drawn by keys')
    await soon(() => studio.generate.getAttribute('aria-disabled')).toBeNull()
    await page.keyboard.press('Control+Enter')
    await studio.at('an egret, drawn by keys', 'stored').waitFor()
    await tabTo(page, studio.picture('an egret, drawn by keys'))
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
] as const)('on a phone, in %s: through the menu to a picture, and on in %s', async (...both) => {
  const [language, other] = both
  await visit(stage, { language, viewport: phone }, async (user) => {
    const { page, messages } = user
    await signIn(page, ADMIN)
    await alive(user, page)
    await page.getByRole('button', { name: messages.shell.openNavigation }).click()
    await page
      .getByRole('dialog')
      .getByRole('link', { name: messages.shell.navItems.studio })
      .click()
    const prompt = `a ${language} picture on a phone`
    await submitPrompt(user, prompt)
    const tile = studioOf(user).at(prompt, 'stored')
    await tile.waitFor()
    // It came below the form, and the page went there.
    await soon(() => tile.evaluate((navItem) => navItem.getBoundingClientRect().top)).toBeLessThan(
      844,
    )
    const isWider = 'document.documentElement.scrollWidth > document.documentElement.clientWidth'
    expect(await page.evaluate(isWider)).toBe(false)

    // What is written stays when the language changes under it.
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
  await visit(stage, {}, async (user) => {
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
    await soon(() => new URL(page.url()).search).toBe('')
  })
})

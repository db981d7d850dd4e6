import { expect, it } from 'vitest'

import { ADMIN, startHouse } from './harness/house.ts'
import { phone, signIn } from './harness/person.ts'
import { hasFocus, tabTo } from './stories/keyboard.ts'
import { give, pictureFile } from './stories/reference-files.ts'
import { alive, open, setStage, soon, visit } from './stories/stage.ts'
import { ask, PAINTED_MODEL, studioOf } from './stories/studio.ts'
import { wordsOf } from './stories/words.ts'

const stage = setStage(() => startHouse())

it('reference pictures come by choosing, by pasting and by dropping, and go along', async () => {
  await visit(stage, {}, async (person) => {
    const { house, page, words } = person
    const studio = studioOf(person)
    await signIn(page, ADMIN)
    await studio.open()
    await studio.model.selectOption(PAINTED_MODEL)
    const chips = page.getByRole('group', { name: words.studio.references }).getByRole('listitem')

    const choosing = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: words.studio.addReferences }).click()
    const chooser = await choosing
    await chooser.setFiles([await pictureFile('chosen.png', '#357')])
    await chips.filter({ hasText: 'chosen.png' }).waitFor()
    await studio.prompt.focus()
    await give(person, { by: 'paste', file: await pictureFile('pasted.png', '#753') })
    await chips.filter({ hasText: 'pasted.png' }).waitFor()
    await give(person, { by: 'drop', file: await pictureFile('dropped.png', '#573') })
    await chips.filter({ hasText: 'dropped.png' }).waitFor()

    const letter = { name: 'letter.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') }
    await give(person, { by: 'drop', file: letter })
    await page.getByText(words.studio.refused.type('letter.txt')).waitFor()
    expect(await chips.count()).toBe(3)

    // They survive a reload, like everything else of the form.
    await page.reload()
    await alive(person, page)
    await soon(() => chips.count()).toBe(3)
    await page.getByRole('button', { name: words.studio.removeReference('dropped.png') }).click()
    await soon(() => chips.count()).toBe(2)
    await studio.prompt.fill('both of them, side by side')
    await studio.generate.click()
    await studio.at('both of them, side by side', 'stored').waitFor()
    await studio
      .row('both of them, side by side')
      .getByText(words.pictures.referenceCount(2))
      .waitFor()
    const asked = house.simulator.log().find(({ route }) => route === 'images.edits')
    expect(asked?.parts.filter((part) => part.startsWith('image'))).toHaveLength(2)
  })
})

it('without a mouse: from login to a stored picture', async () => {
  await visit(stage, {}, async (person) => {
    const { page, words } = person
    await page.goto('/login')
    await tabTo(page, page.getByLabel(words.login.email))
    await page.keyboard.type(ADMIN.email)
    await page.keyboard.press('Tab')
    await page.keyboard.type(ADMIN.password)
    await page.keyboard.press('Enter')
    await alive(person, page)

    // The palette leads to any page by its name.
    await page.keyboard.press('Control+k')
    const palette = page.getByRole('dialog', { name: words.shell.palette.open })
    await soon(() => hasFocus(palette.getByRole('combobox'))).toBe(true)
    await page.keyboard.type(words.shell.places.studio)
    await palette.getByRole('option', { name: words.shell.places.studio }).first().waitFor()
    await page.keyboard.press('Enter')
    const studio = studioOf(person)
    await studio.prompt.waitFor()
    await palette.waitFor({ state: 'hidden' })

    // Past the whole rail at one press.
    await page.reload()
    await alive(person, page)
    await page.keyboard.press('Tab')
    expect(await hasFocus(page.getByRole('link', { name: words.everywhere.skipToContent }))).toBe(
      true,
    )
    await page.keyboard.press('Enter')
    await tabTo(page, studio.prompt)
    await page.keyboard.type('an egret, drawn by keys')
    await soon(() => studio.generate.getAttribute('aria-disabled')).toBeNull()
    await page.keyboard.press('Control+Enter')
    await studio.at('an egret, drawn by keys', 'stored').waitFor()
    await tabTo(page, studio.picture('an egret, drawn by keys'))
    await page.keyboard.press('Enter')
    const lightbox = page.getByRole('dialog', { name: words.everywhere.lightbox })
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
  await visit(stage, { language, viewport: phone }, async (person) => {
    const { page, words } = person
    await signIn(page, ADMIN)
    await alive(person, page)
    await page.getByRole('button', { name: words.shell.openNavigation }).click()
    await page.getByRole('dialog').getByRole('link', { name: words.shell.places.studio }).click()
    const prompt = `a ${language} picture on a phone`
    await ask(person, prompt)
    const tile = studioOf(person).at(prompt, 'stored')
    await tile.waitFor()
    // It came below the form, and the page went there.
    await soon(() => tile.evaluate((place) => place.getBoundingClientRect().top)).toBeLessThan(844)
    const isWider = 'document.documentElement.scrollWidth > document.documentElement.clientWidth'
    expect(await page.evaluate(isWider)).toBe(false)

    // What is written stays when the language changes under it.
    await studioOf(person).prompt.fill('half a sentence')
    await page.getByRole('button', { name: words.shell.openNavigation }).click()
    await page.getByRole('dialog').getByLabel(words.everywhere.language).selectOption(other)
    const theirs = { ...person, words: wordsOf[other] }
    await page.getByRole('dialog').getByText(theirs.words.shell.places.usage).waitFor()
    await page.keyboard.press('Escape')
    expect(await studioOf(theirs).prompt.inputValue()).toBe('half a sentence')
  })
})

it('Esc closes one layer at a time', async () => {
  await visit(stage, {}, async (person) => {
    const { page, words } = person
    await signIn(page, ADMIN)
    await open(person, '/keys?new=1')
    const sheet = page.getByRole('dialog', { name: words.keys.createTitle })
    await sheet.waitFor()
    await page.keyboard.press('Control+k')
    const palette = page.getByRole('dialog', { name: words.shell.palette.open })
    await palette.waitFor()
    await page.keyboard.press('Escape')
    await palette.waitFor({ state: 'hidden' })
    expect(await sheet.isVisible()).toBe(true)
    await page.keyboard.press('Escape')
    await sheet.waitFor({ state: 'hidden' })
    await soon(() => new URL(page.url()).search).toBe('')
  })
})

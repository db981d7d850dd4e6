import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { contrast, readColours } from './lib/ui/contrast.ts'

const table = readColours(readFileSync(new URL('./app.css', import.meta.url), 'utf8'))

/** WCAG 2.2 AA: 4.5 for text (1.4.3), 3 for user interface components (1.4.11). */
const TEXT = 4.5
const GRAPHIC = 3

const texts = ['ink', 'muted', 'faint', 'accent-ink', 'ok-ink', 'warn-ink', 'bad-ink']
const grounds = ['ground', 'panel', 'raised']
const series = Array.from({ length: 10 }, (_, index) => `series-${index + 1}`)

const pairs: [above: string, below: string, least: number][] = [
  ...texts.flatMap((text) =>
    grounds.map((ground): [string, string, number] => [text, ground, TEXT]),
  ),
  ...['ink', 'muted', 'accent-ink'].flatMap((text): [string, string, number][] => [
    [text, 'hover', TEXT],
    [text, 'sunken', TEXT],
    [text, 'accent-soft', TEXT],
  ]),
  ...['ok', 'warn', 'bad'].map((state): [string, string, number] => [
    `${state}-ink`,
    `${state}-soft`,
    TEXT,
  ]),
  ['ink', 'ok-soft', TEXT],
  ['ink', 'warn-soft', TEXT],
  ['ink', 'bad-soft', TEXT],
  ['on-accent', 'accent', TEXT],
  ['on-accent', 'accent-hover', TEXT],
  ['on-bad', 'bad-fill', TEXT],
  ...grounds.map((ground): [string, string, number] => ['accent', ground, GRAPHIC]),
  ...grounds.map((ground): [string, string, number] => ['line-strong', ground, GRAPHIC]),
  ...series.map((line): [string, string, number] => [line, 'panel', GRAPHIC]),
]

describe.each(['light', 'dark'] as const)('the %s panel', (theme) => {
  test.each(pairs)('shows %s on %s at %f to one or better', (above, below, least) => {
    expect(contrast(table.of(above)[theme], table.of(below)[theme])).toBeGreaterThanOrEqual(least)
  })
})

test('every colour has a light and a dark value and is defined in the table', () => {
  expect(table.names.length).toBeGreaterThan(40)
  expect(table.strays, 'colours written outside the table').toEqual([])
})

test('an unknown token is refused, so that a renamed one is detected', () => {
  expect(() => table.of('no-such-token')).toThrow('no-such-token')
})

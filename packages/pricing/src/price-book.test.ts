import { sampleImagePrice, samplePrice } from '@sluice/contracts/testing/sample-price'
import { describe, expect, it } from 'vitest'

import { priceBook } from './price-book.ts'

const tokens = (id: string, model: string, effectiveAt: string) =>
  samplePrice({ id, model, effectiveAt: new Date(effectiveAt) })
const images = (id: string, model: string, effectiveAt: string) =>
  samplePrice({ id, model, effectiveAt: new Date(effectiveAt), price: sampleImagePrice() })

describe('the price book', () => {
  const book = priceBook([
    tokens('price_3', 'gpt', '2026-03-01T00:00:00Z'),
    tokens('price_1', '*', '2026-01-01T00:00:00Z'),
    tokens('price_2', 'gpt', '2026-02-01T00:00:00Z'),
    images('price_4', '*', '2026-01-01T00:00:00Z'),
    tokens('price_5', '*', '2026-04-01T00:00:00Z'),
    tokens('price_6', '*', '2026-04-01T00:00:00Z'),
  ])
  const at = (date: string, model = 'gpt', kind: 'tokens' | 'images' = 'tokens') =>
    book.priceAt({ model, kind, at: new Date(date) })?.id

  it('returns the latest row that is already in force', () => {
    expect(at('2026-02-01T00:00:00Z')).toBe('price_2')
    expect(at('2026-02-28T23:59:59.999Z')).toBe('price_2')
    expect(at('2026-03-01T00:00:00Z')).toBe('price_3')
  })

  it('falls back to the `*` row of the kind, also while the row of the model is not yet in force', () => {
    expect(at('2026-01-15T00:00:00Z')).toBe('price_1')
    expect(at('2026-03-15T00:00:00Z', 'other')).toBe('price_1')
    expect(at('2026-03-15T00:00:00Z', 'gpt', 'images')).toBe('price_4')
  })

  it('uses the row that was added later among rows with the same effective time', () => {
    expect(at('2026-05-01T00:00:00Z', 'other')).toBe('price_6')
  })

  it('has no price for a time before the first row', () => {
    expect(at('2025-12-31T23:59:59.999Z')).toBeUndefined()
  })

  it('finds any row by its id', () => {
    expect(book.priceOf('price_1')?.model).toBe('*')
    expect(book.priceOf('price_0')).toBeUndefined()
  })
})

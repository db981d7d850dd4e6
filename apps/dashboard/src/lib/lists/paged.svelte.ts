export interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}

/**
 * A list that grows page by page. Its first page comes with the page's own data; when that is another
 * (the filter changed), what was loaded behind the old one is forgotten.
 */
export class Paged<Item> {
  readonly #first: () => Page<Item>
  readonly #fetch: (cursor: string) => Promise<Page<Item>>
  #more = $state.raw<{ of: Page<Item>; items: Item[]; next: string | null }>()

  constructor(first: () => Page<Item>, fetch: (cursor: string) => Promise<Page<Item>>) {
    this.#first = first
    this.#fetch = fetch
  }

  get items(): Item[] {
    const first = this.#first()
    return this.#more?.of === first ? [...first.items, ...this.#more.items] : first.items
  }

  /** The cursor of what follows; null when all is here. */
  get next(): string | null {
    const first = this.#first()
    return this.#more?.of === first ? this.#more.next : first.next_cursor
  }

  /** Fetches what follows. Rejects as the fetch does; nothing is lost then. */
  readonly load = async (cursor: string): Promise<void> => {
    const first = this.#first()
    const { items, next_cursor: next } = await this.#fetch(cursor)
    // The list became another one meanwhile.
    if (this.#first() !== first || cursor !== this.next) return
    const before = this.#more?.of === first ? this.#more.items : []
    this.#more = { of: first, items: [...before, ...items], next }
  }
}

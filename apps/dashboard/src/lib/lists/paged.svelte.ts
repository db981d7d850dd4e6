export interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}

/**
 * A list that is loaded page by page. The first page comes with the route's data; when that changes (another
 * filter), the pages loaded after the old one are dropped.
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

  /** The cursor of the next page; null after the last one. */
  get next(): string | null {
    const first = this.#first()
    return this.#more?.of === first ? this.#more.next : first.next_cursor
  }

  /** Fetches the next page. Rejects like the fetch; the list is then unchanged. */
  readonly load = async (cursor: string): Promise<void> => {
    const first = this.#first()
    const { items, next_cursor: next } = await this.#fetch(cursor)
    // The list was replaced meanwhile.
    if (this.#first() !== first || cursor !== this.next) return
    const before = this.#more?.of === first ? this.#more.items : []
    this.#more = { of: first, items: [...before, ...items], next }
  }
}

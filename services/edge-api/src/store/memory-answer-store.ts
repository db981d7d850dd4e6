import type { AnswerName, AnswerStore, StoredAnswer } from './answer-store.ts'

interface Row {
  bodyHash: string
  holder: string
  leaseUntil: Date
  expiresAt: Date
  answer: StoredAnswer | null
}

/** In-memory implementation for tests. */
export function memoryAnswerStore(): AnswerStore & { size(): number } {
  const rows = new Map<string, Row>()
  const nameOf = ({ apiKeyId, route, key }: AnswerName) => JSON.stringify([apiKeyId, route, key])
  const runningOf = (name: AnswerName, holder: string) => {
    const row = rows.get(nameOf(name))
    return row?.holder === holder && row.answer === null ? row : undefined
  }
  return {
    size: () => rows.size,
    async claim({ bodyHash, holder, now, leaseUntil, expiresAt, ...name }) {
      const row = rows.get(nameOf(name))
      const free =
        !row ||
        row.expiresAt <= now ||
        (row.answer === null && row.leaseUntil <= now && row.bodyHash === bodyHash)
      if (free) {
        rows.set(nameOf(name), { bodyHash, holder, leaseUntil, expiresAt, answer: null })
        return { outcome: 'claimed' }
      }
      if (row.bodyHash !== bodyHash) return { outcome: 'conflict' }
      return row.answer ? { outcome: 'answered', answer: row.answer } : { outcome: 'running' }
    },
    async renew({ holders, leaseUntil }) {
      for (const row of rows.values()) {
        if (holders.includes(row.holder) && row.answer === null) row.leaseUntil = leaseUntil
      }
    },
    async saveAnswer({ holder, answer, ...name }) {
      const row = runningOf(name, holder)
      if (row) row.answer = answer
      return row !== undefined
    },
    async release({ holder, ...name }) {
      if (runningOf(name, holder)) rows.delete(nameOf(name))
    },
    async prune({ now, limit }) {
      const old = [...rows].filter(([, row]) => row.expiresAt <= now).slice(0, limit)
      for (const [name] of old) rows.delete(name)
      return old.length
    },
  }
}

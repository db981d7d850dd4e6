export interface PanelBudget {
  name: string
  path: string
  /** What the page may weigh on the wire for somebody who comes for the first time, headers and all. */
  bytesMax: number
  /** Shown to who is not signed in. */
  isOpen?: true
}

const KB = 1024

/** The base page and the studio have budgets of the design; the others may not grow past the studio's. */
export const panelBudgets: readonly PanelBudget[] = [
  { name: 'login (base page)', path: '/login', bytesMax: 60 * KB, isOpen: true },
  { name: 'account (emptiest page of the app)', path: '/account', bytesMax: 100 * KB },
  { name: 'overview', path: '/', bytesMax: 120 * KB },
  { name: 'studio', path: '/studio', bytesMax: 150 * KB },
  { name: 'keys', path: '/keys', bytesMax: 120 * KB },
  { name: 'admin', path: '/admin', bytesMax: 120 * KB },
]

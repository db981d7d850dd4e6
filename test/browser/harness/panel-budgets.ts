export interface PanelBudget {
  name: string
  path: string
  /** Maximum transfer size of the first visit, including headers. */
  bytesMax: number
  /** Available without a session. */
  isOpen?: true
}

const KB = 1024

/** Budgets of the base page and the studio come from the design; other pages must not exceed the studio's. */
export const panelBudgets: readonly PanelBudget[] = [
  { name: 'login (base page)', path: '/login', bytesMax: 60 * KB, isOpen: true },
  { name: 'account (emptiest page of the app)', path: '/account', bytesMax: 100 * KB },
  { name: 'overview', path: '/', bytesMax: 120 * KB },
  { name: 'studio', path: '/studio', bytesMax: 150 * KB },
  { name: 'keys', path: '/keys', bytesMax: 120 * KB },
  { name: 'admin', path: '/admin', bytesMax: 120 * KB },
]

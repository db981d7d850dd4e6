/** What the app's layout depends on: invalidate it after an act that changes the balance or the role. */
export const ME = 'app:me'

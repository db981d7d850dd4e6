/** Dependency of the app's layout: invalidate it after a change of the balance or the role. */
export const ME = 'app:me'

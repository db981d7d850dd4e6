import type { HandleClientError } from '@sveltejs/kit/hooks'

/** Loaded on demand after an error. */
export const handleError: HandleClientError = async (caught) => {
  const { showError } = await import('#lib/api/show-error.ts')
  return showError(caught)
}

import type { HandleClientError } from '@sveltejs/kit/hooks'

/** Fetched when something has failed, which most visits never see. */
export const handleError: HandleClientError = async (caught) => {
  const { showError } = await import('#lib/api/show-error.ts')
  return showError(caught)
}

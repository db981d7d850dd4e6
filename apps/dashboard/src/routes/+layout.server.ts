import { SITE_CHOICE } from '#lib/site/site-choice.ts'

import type { LayoutServerLoad } from './$types.js'

export const load: LayoutServerLoad = ({ locals, depends }) => {
  depends(SITE_CHOICE)
  return locals.choice
}

import { callGateway } from '#lib/server/call-gateway.ts'
import { handlePage } from '#lib/server/handle-page.ts'
import { reportError } from '#lib/server/report-error.ts'

export const handle = handlePage
export const handleFetch = callGateway
export const handleError = reportError

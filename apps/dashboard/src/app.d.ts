import type { SiteChoice } from '#lib/site/site-choice.ts'

declare global {
  namespace App {
    interface Error {
      /** A sentence in the user's language. */
      message: string
      /** The gateway's error code, if the gateway refused the request. */
      code?: string
      requestId?: string
    }
    interface Locals {
      choice: SiteChoice
      /** Set-Cookie headers of the gateway, passed through to the browser unchanged. */
      setCookies: string[]
    }
    /** Values that serve/ passes with each request. */
    interface Platform {
      /** Gateway addresses without a path, in the order to try. */
      apiUrls: readonly string[]
      /** Reports that the address was unreachable. */
      gatewayFailed: (url: string) => void
      /** The caller's address, signed by the gateway; sent back to it with API calls. */
      callerStamp: string | undefined
      /** Logs an error of the panel. */
      report: (error: unknown, facts: { path: string }) => void
    }
  }
}

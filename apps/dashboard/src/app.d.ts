import type { SiteChoice } from '#lib/site/site-choice.ts'

declare global {
  namespace App {
    interface Error {
      /** A sentence for people, in their language. */
      message: string
      /** The gateway's code, where it was the gateway that refused. */
      code?: string
      requestId?: string
    }
    interface Locals {
      choice: SiteChoice
      /** Set-Cookie lines of the gateway, passed through to the browser as they are. */
      setCookies: string[]
    }
    /** What the mount gives to each request; values, not environment. */
    interface Platform {
      /** Where the gateways listen, without a path, in the order in which they are tried. */
      apiUrls: readonly string[]
      /** Reports that nothing answered there. */
      gatewayFailed: (url: string) => void
      /** Where this request came from, signed by the door: handed back to it with what is asked of it. */
      callerStamp: string | undefined
      /** Logs a fault of ours. */
      report: (error: unknown, facts: { path: string }) => void
    }
  }
}

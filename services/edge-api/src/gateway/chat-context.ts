import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Retries } from '@sluice/attempts/retries'
import type { PriceRow } from '@sluice/contracts/prices'
import type { ScannedBody } from '@sluice/protocol/json-scan'
import type { RefusedFields } from '@sluice/upstreams/refused-fields'

import type { Admission } from '../admit.ts'
import type { AllowancePool } from '../credit/allowance-pool.ts'
import type { CallTimes } from '../limits/call-times.ts'
import type { ModelRoutes } from '../routing/catalog.ts'
import type { CredentialUses } from '../routing/credential-uses.ts'
import type { createChannelOpener } from './open-channel.ts'
import type { OutcomeReports } from './report-outcomes.ts'
import type { GatewayContext, Running } from '../gateway-context.ts'
import type { Principal } from '../http/request.ts'
import type { ChatTrace } from './chat-trace.ts'
import type { UsageOutbox } from '../usage/usage-outbox.ts'

/** A request with its response, and its path without the query. */
export interface FormEnds {
  incoming: IncomingMessage
  outgoing: ServerResponse
  path: string
}

/** Components that all chat requests share. */
export interface ChatContext {
  gateway: GatewayContext
  /** This edge's id. */
  edge: string
  newRequestId: () => string
  /** The signed client address of a request, for the panel. */
  stampCaller: (incoming: IncomingMessage) => string
  /** Reads the form of a request that is forwarded to the panel; see `readPanelForm`. */
  readForm: (ends: FormEnds) => Promise<Buffer | undefined>
  admission: Admission
  allowances: AllowancePool
  uses: CredentialUses
  /** Durations of chat calls. */
  times: CallTimes
  reports: OutcomeReports
  openChannel: ReturnType<typeof createChannelOpener>
  retries: Retries
  /** Fields added by the gateway that channels reject, by channel id. */
  refused: RefusedFields
  usage: UsageOutbox
  /** The same object as `gateway.running`. */
  running: Running
}

export const CHAT_ROUTE = '/v1/chat/completions'

export interface ChatCall {
  incoming: IncomingMessage
  outgoing: ServerResponse
}

/** An authenticated chat request with its model, routes and price. */
export interface ChatRequest extends ChatCall {
  requestId: string
  principal: Principal
  body: Buffer
  scanned: ScannedBody
  model: string
  routes: ModelRoutes
  price: PriceRow
  trace: ChatTrace
}

/** Time left until the deadline of the response. */
export function timeLeftMs({ gateway }: ChatContext, { scanned, trace }: ChatRequest): number {
  const { clock, config } = gateway.deps
  const allowedMs = scanned.stream ? config.streamMsMax : config.syncWaitMs
  return trace.receivedAtMs + allowedMs - clock.nowMs()
}

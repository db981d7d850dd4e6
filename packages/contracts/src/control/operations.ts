import { z } from 'zod'

import * as admin from './admin.ts'
import * as keys from './apikeys.ts'
import * as auth from './auth.ts'
import { idParams, pageOf, pageQuery } from './fields.ts'
import * as images from './images.ts'
import type { ControlOperation } from './routes.ts'
import * as usage from './usage.ts'

/** The inputs and the response of an operation. Absent: the operation has none. */
export interface OperationSchemas {
  params?: z.ZodType
  query?: z.ZodType
  body?: z.ZodType
  answer?: z.ZodType
  /** Event names and their data, for operations that respond with an event stream. */
  events?: Record<string, z.ZodType>
}

/** Schemas of every operation of `controlRoutes`. Codecs: bigint and Date in memory, text in JSON. */
export const controlOperations = {
  getOpenApi: { answer: z.record(z.string(), z.unknown()) },
  getSite: { answer: auth.site },
  register: { body: auth.registerBody, answer: auth.tokens },
  login: { body: auth.loginBody, answer: auth.tokens },
  refresh: { body: auth.refreshBody, answer: auth.tokens },
  logout: {},
  getMe: { answer: auth.me },
  changePassword: { body: auth.changePasswordBody },

  listApiKeys: { query: pageQuery, answer: pageOf(keys.apiKey) },
  createApiKey: { body: keys.createApiKeyBody, answer: keys.createdApiKey },
  getApiKey: { params: idParams, answer: keys.apiKey },
  editApiKey: { params: idParams, body: keys.editApiKeyBody, answer: keys.apiKey },
  revokeApiKey: { params: idParams },

  listImageModels: { answer: images.modelList },
  estimateImages: { body: images.estimateBody, answer: images.estimate },
  createImages: { body: images.createImagesBody, answer: images.imageTaskDetail },
  listImages: { query: images.listImagesQuery, answer: pageOf(images.imageTask) },
  getImage: { params: idParams, answer: images.imageTaskDetail },
  followImage: { params: idParams, events: images.imageTaskEvents },
  getImagePartial: { params: images.partialParams },
  cancelImage: { params: idParams, answer: images.imageTaskDetail },
  retryImage: { params: idParams, answer: images.imageTaskDetail },

  getOverview: { query: usage.overviewQuery, answer: usage.overviewAnswer },
  getUsage: { query: usage.usageQuery, answer: usage.usageAnswer },
  listCharges: { query: usage.listChargesQuery, answer: pageOf(usage.charge) },
  getCharge: { params: z.object({ id: z.string().max(100) }), answer: usage.chargeDetail },
  listLedger: { query: usage.listLedgerQuery, answer: pageOf(usage.ledgerLine) },

  listUsers: { query: admin.listUsersQuery, answer: pageOf(admin.adminUser) },
  createUser: { body: admin.createUserBody, answer: admin.createdUser },
  getUser: { params: idParams, answer: admin.adminUser },
  editUser: { params: idParams, body: admin.editUserBody, answer: admin.adminUser },
  grantCredits: { params: idParams, body: admin.grantCreditsBody, answer: admin.grantedCredits },
  listUserLedger: {
    params: idParams,
    query: usage.listLedgerQuery,
    answer: pageOf(usage.ledgerLine),
  },

  listChannels: { answer: z.object({ items: z.array(admin.channel) }) },
  createChannel: { body: admin.createChannelBody, answer: admin.channel },
  getChannel: { params: idParams, answer: admin.channel },
  editChannel: { params: idParams, body: admin.editChannelBody, answer: admin.channel },
  testChannel: { params: idParams, answer: admin.channelTest },
  addCredentials: {
    params: idParams,
    body: admin.addCredentialsBody,
    answer: admin.addedCredentials,
  },
  editCredential: {
    params: idParams,
    body: admin.editCredentialBody,
    answer: z.object({ changed: z.boolean() }),
  },

  listModels: { answer: z.object({ items: z.array(admin.adminModel) }) },
  addModelPrice: { params: admin.modelParams, body: admin.addPriceBody, answer: admin.shownPrice },

  listAllImages: { query: images.listAllImagesQuery, answer: pageOf(images.adminImageTask) },
  getAnyImage: { params: idParams, answer: images.adminImageTask },
  cancelAnyImage: { params: idParams, answer: images.adminImageTask },

  getAdminOverview: { answer: admin.adminOverview },
  followAdminOverview: { events: { counters: admin.liveCounters } },
} as const satisfies Record<ControlOperation, OperationSchemas>

export type ControlOperations = typeof controlOperations

// long: one table of all routes.
import type { Permission } from './permissions.ts'

/** One operation of the control API, for routing, the panel's client and the auth matrix. */
export interface ControlRoute {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** `:name` is a parameter. */
  path: string
  /** Who may call it: anyone, or a session whose role has the permission. */
  access: 'anyone' | Permission
  /** The status of a successful response; 200 by default. */
  status?: 201 | 202 | 204
  /** `events`: text/event-stream; `bytes`: a picture. JSON by default. */
  answers?: 'events' | 'bytes'
  /** The operation parses the body itself: a form or JSON, with pictures. JSON by default. */
  takes?: 'pictures'
  /** The maximum size of the JSON body, where it is lower than the default. */
  bodyBytesMax?: number
  /** Accepts an Idempotency-Key. */
  idempotency?: 'optional'
  /** For the OpenAPI document. */
  summary: string
}

/** Enough for an e-mail, two passwords of 200 characters in any script, or a token. */
export const AUTH_BODY_BYTES_MAX = 8 * 1024

/** Every route of `/api`, by operation. Plain values without zod: the browser's client imports it too. */
export const controlRoutes = {
  getOpenApi: {
    method: 'GET',
    path: '/api/openapi.json',
    access: 'anyone',
    summary: 'This API as OpenAPI 3.1',
  },
  getSite: {
    method: 'GET',
    path: '/api/site',
    access: 'anyone',
    summary: 'Public facts about this installation, without a session',
  },
  register: {
    method: 'POST',
    path: '/api/auth/register',
    access: 'anyone',
    status: 201,
    bodyBytesMax: AUTH_BODY_BYTES_MAX,
    summary: 'Create an account and sign in, if registration is open',
  },
  login: {
    method: 'POST',
    path: '/api/auth/login',
    access: 'anyone',
    bodyBytesMax: AUTH_BODY_BYTES_MAX,
    summary: 'Sign in',
  },
  refresh: {
    method: 'POST',
    path: '/api/auth/refresh',
    access: 'anyone',
    bodyBytesMax: AUTH_BODY_BYTES_MAX,
    summary: 'Exchange a refresh token for a new pair of tokens',
  },
  logout: {
    method: 'POST',
    path: '/api/auth/logout',
    access: 'own-account:read',
    status: 204,
    summary: 'End this session',
  },
  getMe: {
    method: 'GET',
    path: '/api/me',
    access: 'own-account:read',
    summary: 'Who is signed in, what they may do, and their balance',
  },
  changePassword: {
    method: 'POST',
    path: '/api/me/password',
    access: 'own-account:edit',
    status: 204,
    bodyBytesMax: AUTH_BODY_BYTES_MAX,
    summary: 'Change the password; every other session ends',
  },

  listApiKeys: {
    method: 'GET',
    path: '/api/user/apikeys',
    access: 'own-keys:read',
    summary: 'Your API keys, newest first',
  },
  createApiKey: {
    method: 'POST',
    path: '/api/user/apikeys',
    access: 'own-keys:edit',
    status: 201,
    summary: 'Create an API key; it is shown in this response only',
  },
  getApiKey: {
    method: 'GET',
    path: '/api/user/apikeys/:id',
    access: 'own-keys:read',
    summary: 'One API key',
  },
  editApiKey: {
    method: 'PATCH',
    path: '/api/user/apikeys/:id',
    access: 'own-keys:edit',
    summary: 'Change an API key; absent fields are unchanged',
  },
  revokeApiKey: {
    method: 'DELETE',
    path: '/api/user/apikeys/:id',
    access: 'own-keys:edit',
    status: 204,
    summary: 'Revoke an API key; this cannot be undone',
  },

  listImageModels: {
    method: 'GET',
    path: '/api/user/models',
    access: 'own-images:read',
    summary: 'Models that you may use now, with their capabilities and prices',
  },
  estimateImages: {
    method: 'POST',
    path: '/api/user/image-estimate',
    access: 'own-images:read',
    summary: 'The maximum cost of a request; generates no picture and holds no credits',
  },
  createImages: {
    method: 'POST',
    path: '/api/user/images',
    access: 'own-images:create',
    status: 202,
    takes: 'pictures',
    idempotency: 'optional',
    summary: 'Generate pictures; returns the task at once',
  },
  listImages: {
    method: 'GET',
    path: '/api/user/images',
    access: 'own-images:read',
    summary: 'Your image tasks, newest first',
  },
  getImage: {
    method: 'GET',
    path: '/api/user/images/:id',
    access: 'own-images:read',
    summary: 'One image task',
  },
  followImage: {
    method: 'GET',
    path: '/api/user/images/:id/events',
    access: 'own-images:read',
    answers: 'events',
    summary: 'Events of an image task, live',
  },
  getImagePartial: {
    method: 'GET',
    path: '/api/user/images/:id/partials/:index/:number',
    access: 'own-images:read',
    answers: 'bytes',
    summary: 'A partial picture; it is stored for a short time only',
  },
  cancelImage: {
    method: 'POST',
    path: '/api/user/images/:id/cancel',
    access: 'own-images:create',
    summary: 'Cancel a task that has not started',
  },
  retryImage: {
    method: 'POST',
    path: '/api/user/images/:id/retry',
    access: 'own-images:create',
    status: 202,
    idempotency: 'optional',
    summary: 'Repeat a task that has ended, as a new task',
  },

  getOverview: {
    method: 'GET',
    path: '/api/user/overview',
    access: 'own-usage:read',
    summary: 'Balance, requests, spend and latency of the last days',
  },
  getUsage: {
    method: 'GET',
    path: '/api/user/usage',
    access: 'own-usage:read',
    summary: 'Requests, tokens, pictures and charges by day and model',
  },
  listCharges: {
    method: 'GET',
    path: '/api/user/charges',
    access: 'own-usage:read',
    summary: 'Your charges, newest first',
  },
  getCharge: {
    method: 'GET',
    path: '/api/user/charges/:id',
    access: 'own-usage:read',
    summary: 'One charge, explained to the last micro-credit',
  },
  listLedger: {
    method: 'GET',
    path: '/api/user/ledger',
    access: 'own-ledger:read',
    summary: 'Your statement, newest first',
  },

  listUsers: {
    method: 'GET',
    path: '/api/admin/users',
    access: 'users:read',
    summary: 'Users, newest first',
  },
  createUser: {
    method: 'POST',
    path: '/api/admin/users',
    access: 'users:edit',
    status: 201,
    summary: 'Create an account for a user',
  },
  getUser: {
    method: 'GET',
    path: '/api/admin/users/:id',
    access: 'users:read',
    summary: 'One user, with balance',
  },
  editUser: {
    method: 'PATCH',
    path: '/api/admin/users/:id',
    access: 'users:edit',
    summary: 'Change a role, ban, or lift a ban',
  },
  grantCredits: {
    method: 'POST',
    path: '/api/admin/users/:id/credits',
    access: 'credits:grant',
    status: 201,
    idempotency: 'optional',
    summary: 'Grant credits to a user',
  },
  listUserLedger: {
    method: 'GET',
    path: '/api/admin/users/:id/ledger',
    access: 'users:read',
    summary: 'The statement of a user, newest first',
  },

  listChannels: {
    method: 'GET',
    path: '/api/admin/channels',
    access: 'channels:read',
    summary: 'Channels with the state of their pools; no secrets',
  },
  createChannel: {
    method: 'POST',
    path: '/api/admin/channels',
    access: 'channels:edit',
    status: 201,
    summary: 'Add a channel with its credentials',
  },
  getChannel: {
    method: 'GET',
    path: '/api/admin/channels/:id',
    access: 'channels:read',
    summary: 'One channel',
  },
  editChannel: {
    method: 'PATCH',
    path: '/api/admin/channels/:id',
    access: 'channels:edit',
    summary: 'Change a channel, or enable or disable it; absent fields are unchanged',
  },
  testChannel: {
    method: 'POST',
    path: '/api/admin/channels/:id/test',
    access: 'channels:edit',
    summary: 'Test each credential of the channel against the upstream',
  },
  addCredentials: {
    method: 'POST',
    path: '/api/admin/channels/:id/credentials',
    access: 'channels:edit',
    status: 201,
    summary: 'Add credentials to a pool; existing ones are skipped',
  },
  editCredential: {
    method: 'PATCH',
    path: '/api/admin/credentials/:id',
    access: 'channels:edit',
    summary: 'Pause, resume or retire a credential',
  },

  listModels: {
    method: 'GET',
    path: '/api/admin/models',
    access: 'models:read',
    summary: 'Public model names, their channels and their prices',
  },
  addModelPrice: {
    method: 'POST',
    path: '/api/admin/models/:model/prices',
    access: 'models:edit',
    status: 201,
    summary: 'Add a price that is effective from a given time; earlier charges keep their price',
  },

  listAllImages: {
    method: 'GET',
    path: '/api/admin/images',
    access: 'images:read',
    summary: 'Image tasks of all users, newest first',
  },
  getAnyImage: {
    method: 'GET',
    path: '/api/admin/images/:id',
    access: 'images:read',
    summary: 'One image task of any user',
  },
  cancelAnyImage: {
    method: 'POST',
    path: '/api/admin/images/:id/cancel',
    access: 'images:edit',
    summary: 'Cancel a task that has not started',
  },

  getAdminOverview: {
    method: 'GET',
    path: '/api/admin/overview',
    access: 'overview:read',
    summary: 'System overview',
  },
  followAdminOverview: {
    method: 'GET',
    path: '/api/admin/overview/live',
    access: 'overview:read',
    answers: 'events',
    summary: 'System counters, live',
  },
} as const satisfies Record<string, ControlRoute>

export type ControlOperation = keyof typeof controlRoutes

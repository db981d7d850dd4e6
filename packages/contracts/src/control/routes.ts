// long: one table; whoever adds a route sees all of them.
import type { Permission } from './permissions.ts'

/** One operation of the control API, as far as routing, the panel's client and the auth matrix care. */
export interface ControlRoute {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** `:name` is a parameter. */
  path: string
  /** Who may: anyone, or a session whose role has the permission. */
  access: 'anyone' | Permission
  /** The status of a good answer; 200 unless said. */
  status?: 201 | 202 | 204
  /** `events`: text/event-stream; `bytes`: a picture. JSON unless said. */
  answers?: 'events' | 'bytes'
  /** The body is read by the operation itself: a form or JSON, with pictures. JSON unless said. */
  takes?: 'pictures'
  /** The most that its JSON body may have, where that is less than for others. */
  bodyBytesMax?: number
  /** Takes an Idempotency-Key; `required` refuses a request without one. */
  idempotency?: 'optional'
  /** For the OpenAPI page. */
  summary: string
}

/** An e-mail, two passwords of 200 characters in any script, a token: more is none of these. */
export const AUTH_BODY_BYTES_MAX = 8 * 1024

/** Every route of `/api`, by operation. Plain values: the browser's client reads it too. */
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
    summary: 'What a person may know before they sign in',
  },
  register: {
    method: 'POST',
    path: '/api/auth/register',
    access: 'anyone',
    status: 201,
    bodyBytesMax: AUTH_BODY_BYTES_MAX,
    summary: 'Make an account and sign in, where registration is open',
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
    summary: 'Make an API key; it is shown in this answer only',
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
    summary: 'Change what is named; the rest stays',
  },
  revokeApiKey: {
    method: 'DELETE',
    path: '/api/user/apikeys/:id',
    access: 'own-keys:edit',
    status: 204,
    summary: 'Revoke an API key for good',
  },

  listImageModels: {
    method: 'GET',
    path: '/api/user/models',
    access: 'own-images:read',
    summary: 'Models that you may use now, what they can do, and what they cost',
  },
  estimateImages: {
    method: 'POST',
    path: '/api/user/image-estimate',
    access: 'own-images:read',
    summary: 'What a request would cost at most; nothing is drawn or held',
  },
  createImages: {
    method: 'POST',
    path: '/api/user/images',
    access: 'own-images:create',
    status: 202,
    takes: 'pictures',
    idempotency: 'optional',
    summary: 'Draw pictures; answers the task at once',
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
    summary: 'What happens to an image task, as it happens',
  },
  getImagePartial: {
    method: 'GET',
    path: '/api/user/images/:id/partials/:index/:number',
    access: 'own-images:read',
    answers: 'bytes',
    summary: 'A partial picture; its bytes have a short life',
  },
  cancelImage: {
    method: 'POST',
    path: '/api/user/images/:id/cancel',
    access: 'own-images:create',
    summary: 'Cancel a task that is not being drawn yet',
  },
  retryImage: {
    method: 'POST',
    path: '/api/user/images/:id/retry',
    access: 'own-images:create',
    status: 202,
    idempotency: 'optional',
    summary: 'Draw a task that has ended once more, as a new task',
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
    summary: 'People, newest first',
  },
  createUser: {
    method: 'POST',
    path: '/api/admin/users',
    access: 'users:edit',
    status: 201,
    summary: 'Make an account for somebody',
  },
  getUser: {
    method: 'GET',
    path: '/api/admin/users/:id',
    access: 'users:read',
    summary: 'One person, with balance',
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
    summary: 'Give credits to a person',
  },
  listUserLedger: {
    method: 'GET',
    path: '/api/admin/users/:id/ledger',
    access: 'users:read',
    summary: "A person's statement, newest first",
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
    summary: 'Change what is named; also switches it on and off',
  },
  testChannel: {
    method: 'POST',
    path: '/api/admin/channels/:id/test',
    access: 'channels:edit',
    summary: 'Ask the upstream for its models with each credential, now',
  },
  addCredentials: {
    method: 'POST',
    path: '/api/admin/channels/:id/credentials',
    access: 'channels:edit',
    status: 201,
    summary: 'Add credentials to a pool; those it has are skipped',
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
    summary: 'Public model names, the channels behind them, and their prices',
  },
  addModelPrice: {
    method: 'POST',
    path: '/api/admin/models/:model/prices',
    access: 'models:edit',
    status: 201,
    summary: 'Add a price from a moment on; earlier charges keep theirs',
  },

  listAllImages: {
    method: 'GET',
    path: '/api/admin/images',
    access: 'images:read',
    summary: 'Image tasks of everybody, newest first',
  },
  getAnyImage: {
    method: 'GET',
    path: '/api/admin/images/:id',
    access: 'images:read',
    summary: 'One image task of anybody',
  },
  cancelAnyImage: {
    method: 'POST',
    path: '/api/admin/images/:id/cancel',
    access: 'images:edit',
    summary: 'Cancel a task that is not being drawn yet',
  },

  getAdminOverview: {
    method: 'GET',
    path: '/api/admin/overview',
    access: 'overview:read',
    summary: 'The system at a glance',
  },
  followAdminOverview: {
    method: 'GET',
    path: '/api/admin/overview/live',
    access: 'overview:read',
    answers: 'events',
    summary: 'Counters of the system, live',
  },
} as const satisfies Record<string, ControlRoute>

export type ControlOperation = keyof typeof controlRoutes

import type { z } from 'zod'

import { chatCompletion, chatCompletionChunk, chatCompletionRequest } from './chat.ts'
import {
  imageAnswer,
  imageEditRequest,
  imageGenerationRequest,
  imageStreamEvent,
  imageTask,
  imageTaskEvent,
  imageTaskHead,
} from './images.ts'
import { apiModel, apiModelList } from './models.ts'

/** One route of `/v1`, for its OpenAPI document. */
export interface PublicRoute {
  method: 'GET' | 'POST' | 'DELETE'
  /** `:name` is a parameter of the path. */
  path: string
  summary: string
  /** False where no API key is needed. */
  authenticated: boolean
  body?: z.ZodType
  /** The body may be a form with files as well. */
  takesFiles?: true
  /** JSON answers by status. */
  answers: Partial<Record<200 | 202, z.ZodType>>
  /** The schema of one server-sent event, where the route can stream. */
  events?: z.ZodType
  /** Accepts an Idempotency-Key. */
  idempotent?: true
}

/** Every route of `/v1` that has an answer of its own. */
export const publicRoutes = {
  getOpenApi: {
    method: 'GET',
    path: '/v1/openapi.json',
    summary: 'This API as OpenAPI 3.1',
    authenticated: false,
    answers: {},
  },
  listModels: {
    method: 'GET',
    path: '/v1/models',
    summary: 'Models that this API key may use',
    authenticated: true,
    answers: { 200: apiModelList },
  },
  getModel: {
    method: 'GET',
    path: '/v1/models/:model',
    summary: 'One model',
    authenticated: true,
    answers: { 200: apiModel },
  },
  createChatCompletion: {
    method: 'POST',
    path: '/v1/chat/completions',
    summary: 'Answer a conversation; with an image model, generate a picture for it',
    authenticated: true,
    body: chatCompletionRequest,
    answers: { 200: chatCompletion },
    events: chatCompletionChunk,
    idempotent: true,
  },
  createImage: {
    method: 'POST',
    path: '/v1/images/generations',
    summary: 'Generate pictures: awaited, streamed, or as a task',
    authenticated: true,
    body: imageGenerationRequest,
    answers: { 200: imageAnswer, 202: imageTaskHead },
    events: imageStreamEvent,
    idempotent: true,
  },
  editImage: {
    method: 'POST',
    path: '/v1/images/edits',
    summary: 'Edit pictures: awaited, streamed, or as a task',
    authenticated: true,
    body: imageEditRequest,
    takesFiles: true,
    answers: { 200: imageAnswer, 202: imageTaskHead },
    events: imageStreamEvent,
    idempotent: true,
  },
  getImageTask: {
    method: 'GET',
    path: '/v1/images/tasks/:id',
    summary: 'An image task, whole',
    authenticated: true,
    answers: { 200: imageTask },
  },
  cancelImageTask: {
    method: 'DELETE',
    path: '/v1/images/tasks/:id',
    summary: 'Cancel an image task that still waits; nothing is charged',
    authenticated: true,
    answers: { 200: imageTask },
  },
  followImageTask: {
    method: 'GET',
    path: '/v1/images/tasks/:id/events',
    summary: 'Events of an image task from its beginning, or after Last-Event-ID',
    authenticated: true,
    answers: {},
    events: imageTaskEvent,
  },
} as const satisfies Record<string, PublicRoute>

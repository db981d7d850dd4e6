import { randomBytes } from 'node:crypto'

import type { z } from 'zod'

import { panelEnvironment } from '../../apps/dashboard/serve/config.ts'
import { standaloneConfig } from '../../apps/standalone/src/config.ts'
import { billingEnvironment } from '../../services/billing/src/config.ts'
import { edgeEnvironment } from '../../services/edge-api/src/config.ts'
import { imageRunnerEnvironment } from '../../services/image-runner/src/config.ts'
import { imgproxyEnvironment } from '../../services/imgproxy/src/config.ts'
import { schedulerEnvironment } from '../../services/scheduler/src/config.ts'
import type { Variables } from './read-compose.ts'

/** The configuration schema of each process, by its name in docker-compose.yml. */
export const processes: Record<string, z.ZodObject> = {
  setup: standaloneConfig,
  dashboard: panelEnvironment,
  'edge-api': edgeEnvironment,
  scheduler: schedulerEnvironment,
  billing: billingEnvironment,
  'image-runner': imageRunnerEnvironment,
  imgproxy: imgproxyEnvironment,
}

export const namesOf = (schema: z.ZodObject): string[] => Object.keys(schema.shape)

const key = () => randomBytes(32).toString('base64')

/** Values for the variables that .env must contain. */
export function requiredVariables(): Variables {
  return {
    POSTGRES_PASSWORD: randomBytes(32).toString('hex'),
    SEALING_KEYS: `k1:${key()}`,
    SIGNING_KEYS: `k1:${key()}`,
    API_KEY_PEPPER: key(),
    PUBLIC_BASE_URL: 'https://ai.example.org',
  }
}

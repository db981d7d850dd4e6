import type { ServiceName } from './running.ts'

/**
 * The points at which the crash tests kill a process, in the order of an image job's stages. The names are
 * those of the `crashPoint()` calls in the services.
 */
export const crashPoints: { point: string; service: ServiceName }[] = [
  { point: 'edge-before-hold', service: 'edge-api' },
  { point: 'edge-after-hold', service: 'edge-api' },
  { point: 'edge-after-submit', service: 'edge-api' },
  { point: 'edge-before-answer', service: 'edge-api' },
  { point: 'runner-before-claim', service: 'image-runner' },
  { point: 'runner-after-claim', service: 'image-runner' },
  { point: 'runner-before-generate', service: 'image-runner' },
  { point: 'runner-after-generate', service: 'image-runner' },
  { point: 'runner-after-blob', service: 'image-runner' },
  { point: 'runner-after-end', service: 'image-runner' },
  { point: 'runner-before-announce', service: 'image-runner' },
  { point: 'billing-after-hold', service: 'billing' },
  { point: 'billing-after-capture', service: 'billing' },
  { point: 'scheduler-after-grant', service: 'scheduler' },
]

import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'

import type { ImageRequest } from '@sluice/contracts/image-request'
import { sampleImageRequest } from '@sluice/contracts/testing/sample-image-request'
import type { Egress } from '@sluice/egress/create-egress'
import { createEgress } from '@sluice/egress/create-egress'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { selfSigned } from '@sluice/simulators/self-signed'

import sharp from 'sharp'

import type { GenerateInput, GeneratedPicture, Upstream, UpstreamAccess } from '../src/upstream.ts'
import { createOpenAiUpstream } from '../src/openai/openai-upstream.ts'

export interface OpenAiFixture {
  simulator: OpenAiSimulator
  egress: Egress
  upstream: Upstream
  access: UpstreamAccess
  close(): Promise<void>
}

/** The dialect, the real egress and the simulator, over real sockets. */
export async function startOpenAiFixture(): Promise<OpenAiFixture> {
  const simulator = await startOpenAiSimulator()
  const egress = createEgress({ allowPrivate: [new URL(simulator.url).host] })
  const { dispatcher, fetchGuarded } = egress
  const clock = systemClock
  const random = systemRandom
  return {
    simulator,
    egress,
    upstream: createOpenAiUpstream({ dispatcher, fetchGuarded, clock, random }),
    access: { baseUrl: `${simulator.url}/v1`, secret: simulator.key, settings: {} },
    close: async () => {
      await egress.dispatcher.destroy()
      await simulator.close()
    },
  }
}

/** Generates a small image, with the overrides of a test. */
export function generateWith(
  { access, upstream }: OpenAiFixture,
  { request, more = {} }: { request?: Partial<ImageRequest>; more?: Partial<GenerateInput> },
): Promise<GeneratedPicture> {
  const input: GenerateInput = {
    access,
    request: { ...plain, ...request },
    upstreamModel: 'gpt-image-2',
    index: 0,
    readInput: () => picture(),
    signal: new AbortController().signal,
    ...more,
  }
  return (
    upstream.generateImage?.(input) ??
    Promise.reject(new Error('the dialect does not generate images'))
  )
}

const plain = sampleImageRequest({
  model: 'public-name',
  prompt: 'a fox',
  size: '64x48',
  quality: 'high',
})

const picture = () =>
  sharp({ create: { width: 8, height: 8, channels: 4, background: '#336699' } })
    .png()
    .toBuffer()

/** A server with a self-signed certificate. */
export async function startUntrusted(): Promise<{ url: string; close: () => void }> {
  const server = createServer(selfSigned({ host: 'localhost' }), (_request, response) => {
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `https://127.0.0.1:${portOf(server)}`, close: () => void server.close() }
}

// A server that listens on TCP always has an AddressInfo.
function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

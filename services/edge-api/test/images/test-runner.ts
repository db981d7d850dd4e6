import type { BlobStore } from '@sluice/blobs/blob-store'
import type { Bus } from '@sluice/bus/bus'
import type { StoredPart } from '@sluice/contracts/events'
import type { ImageRequest } from '@sluice/contracts/image-request'
import { partialKey, partKey } from '@sluice/jobs/blob-keys'
import type { HolderMove } from '@sluice/jobs/holder-moves'
import type { JobFailure } from '@sluice/jobs/image-job'
import type { JobRecord, Transition } from '@sluice/jobs/job-record'
import type { MemoryJobStore } from '@sluice/jobs/memory-job-store'
import type { Clock } from '@sluice/kernel/clock'
import sharp from 'sharp'

export interface Generation {
  request: ImageRequest
  index: number
  read: (blobKey: string) => Promise<Uint8Array | undefined>
}

/** The outcome of one picture: undefined generates a plain picture. */
export type Generate = (generation: Generation) => Promise<JobFailure | undefined>

interface RunnerDeps {
  bus: Bus
  jobs: MemoryJobStore
  blobs: BlobStore
  clock: Clock
  generate: Generate
  onEnded: (job: JobRecord) => Promise<void>
}

/** A runner that generates at once, with the same job store and bus as the real one. */
export async function startTestRunner(deps: RunnerDeps) {
  const options = { group: 'test', inFlightMax: 8, ackWithinMs: 30_000, deliveriesMax: 3 }
  return deps.bus.consume('image-job-queued', options, ({ jobId }) => runJob(deps, jobId))
}

async function runJob(deps: RunnerDeps, jobId: string): Promise<void> {
  const { jobs, clock } = deps
  const claimed = await jobs.claim({ jobId, runner: 'run_test', slots: 10, now: clock.now() })
  if (!claimed) return
  await publishEvents(deps, claimed)
  let held = claimed.job
  const write = async (moves: HolderMove[]) => {
    const transition = await jobs.write({ held, moves, now: clock.now() })
    if (transition === 'lost') return
    held = transition.job
    await publishEvents(deps, transition)
  }
  for (const { index } of held.parts) await generatePart(deps, { held, index, write })
  if (held.endedAt !== null) await deps.onEnded(held)
}

async function publishEvents({ bus }: RunnerDeps, { events }: Transition): Promise<void> {
  for (const event of events) await bus.announce('image-job-event', event)
}

interface PartInput {
  held: JobRecord
  index: number
  write: (moves: HolderMove[]) => Promise<void>
}

async function generatePart(deps: RunnerDeps, { held, index, write }: PartInput): Promise<void> {
  const { blobs, generate } = deps
  const { id: jobId, request } = held
  const failure = await generate({ request, index, read: (key) => blobs.read(key) })
  if (failure) return write([{ type: 'fail', index, failure }])
  const picture = await renderPicture(request)
  for (let partialIndex = 0; partialIndex < request.partialImages; partialIndex += 1) {
    const blobKey = partialKey(jobId, index, partialIndex)
    await blobs.put(blobKey, picture.bytes, picture.options)
    await write([{ type: 'partial', index, partialIndex, blobKey, facts: picture.facts }])
  }
  const blobKey = partKey(jobId, index)
  const { bytes, sha256 } = await blobs.put(blobKey, picture.bytes, picture.options)
  const tokens = { inputText: 5, inputImage: 7 * request.images.length, output: 100 }
  const { facts } = picture
  const stored: StoredPart = { index, blobKey, bytes, sha256, facts, revisedPrompt: null, tokens }
  await write([{ type: 'store', stored }])
}

async function renderPicture({ size, format, quality }: ImageRequest) {
  const [width = 64, height = 64] = size === 'auto' ? [] : size.split('x').map(Number)
  const bytes = await sharp({ create: { width, height, channels: 3, background: '#224466' } })
    .toFormat(format)
    .toBuffer()
  const known = quality === 'auto' ? 'medium' : quality
  const facts = { width, height, quality: known, background: 'opaque', format } as const
  return { bytes, facts, options: { contentType: `image/${format}`, bytesMax: 1e8 } }
}

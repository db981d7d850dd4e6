import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { z } from 'zod'

/** What a request carries into SvelteKit beside itself: `App.Platform` of the panel. */
export interface PanelPlatform {
  apiUrls: readonly string[]
  gatewayFailed: (url: string) => void
  callerStamp: string | undefined
  report: (error: unknown, facts: { path: string }) => void
}

/** As much of SvelteKit's server as is used. */
interface PanelServer {
  init(options: { env: Record<string, string> }): Promise<void>
  respond(
    request: Request,
    options: { platform: PanelPlatform; getClientAddress: () => string },
  ): Promise<Response>
}

const asset = z.object({
  file: z.string(),
  size: z.int(),
  etag: z.string(),
  gz: z.int().optional(),
  br: z.int().optional(),
})

// What adapter-node leaves for its own handler; checked here, because it is not a promise of its docs.
const handOff = z.object({
  server: z.custom<PanelServer>(
    (value) => typeof value === 'object' && value !== null && 'respond' in value && 'init' in value,
  ),
  dir: z.string(),
  app_path: z.string(),
  mime_types: z.record(z.string(), z.string()),
  assets: z.object({ entries: z.array(z.tuple([z.string(), asset])) }),
})

/** A built panel: its server, and its files by the path under which they are asked for. */
export interface PanelBuild {
  server: PanelServer
  assets: ReadonlyMap<string, PanelAsset>
}

export interface PanelAsset {
  /** Where it lies; with `.br` or `.gz` behind it for those variants that are there. */
  path: string
  type: string
  etag: string
  /** Its name changes with its content, so that it may be kept for good. */
  immutable: boolean
  encodings: ('br' | 'gzip')[]
}

/** The folder of the build that `pnpm build:panel` made last, or undefined when there is none. */
export async function findPanelBuild(folder: string): Promise<string | undefined> {
  const pointer = join(folder, 'current')
  if (!existsSync(pointer)) return undefined
  const build = join(folder, (await readFile(pointer, 'utf8')).trim())
  return existsSync(join(build, 'adapter-node.js')) ? build : undefined
}

/** Loads a build. Rejects when it is none, or one of an adapter that we do not know. */
export async function loadPanelBuild(folder: string): Promise<PanelBuild> {
  const loaded: unknown = await import(pathToFileURL(join(folder, 'adapter-node.js')).href)
  const { server, dir, app_path: appPath, mime_types: types, assets } = handOff.parse(loaded)
  // Values, not environment: what the panel needs comes with each request.
  await server.init({ env: {} })
  const files = assets.entries.map(([path, { file, etag, gz, br }]) => {
    const found: PanelAsset = {
      path: join(dir, 'client', file),
      type: types[file.slice(file.lastIndexOf('.'))] ?? 'application/octet-stream',
      etag: `"${etag}"`,
      immutable: path.startsWith(`/${appPath}/immutable/`),
      encodings: [...(br ? ['br' as const] : []), ...(gz ? ['gzip' as const] : [])],
    }
    return [path, found] as const
  })
  return { server, assets: new Map(files) }
}

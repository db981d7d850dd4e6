import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { z } from 'zod'

/** Data passed to SvelteKit with a request: `App.Platform` of the panel. */
export interface PanelPlatform {
  apiUrls: readonly string[]
  gatewayFailed: (url: string) => void
  callerStamp: string | undefined
  report: (error: unknown, facts: { path: string }) => void
}

/** The used part of SvelteKit's server. */
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

// What adapter-node exports for its own handler; validated, because it is not documented.
const handOff = z.object({
  server: z.custom<PanelServer>(
    (value) => typeof value === 'object' && value !== null && 'respond' in value && 'init' in value,
  ),
  dir: z.string(),
  app_path: z.string(),
  mime_types: z.record(z.string(), z.string()),
  assets: z.object({ entries: z.array(z.tuple([z.string(), asset])) }),
})

/** A built panel: its server, and its files by request path. */
export interface PanelBuild {
  server: PanelServer
  assets: ReadonlyMap<string, PanelAsset>
}

export interface PanelAsset {
  /** File path; append `.br` or `.gz` for the existing variants. */
  path: string
  type: string
  etag: string
  /** The name contains a content hash, so browsers may cache the file without revalidation. */
  immutable: boolean
  encodings: ('br' | 'gzip')[]
}

/** The folder of the latest `pnpm build:panel` build, or undefined if there is none. */
export async function findPanelBuild(folder: string): Promise<string | undefined> {
  const pointer = join(folder, 'current')
  if (!existsSync(pointer)) return undefined
  const build = join(folder, (await readFile(pointer, 'utf8')).trim())
  return existsSync(join(build, 'adapter-node.js')) ? build : undefined
}

/** Loads a build. Rejects if the folder has none or its adapter format is unknown. */
export async function loadPanelBuild(folder: string): Promise<PanelBuild> {
  const loaded: unknown = await import(pathToFileURL(join(folder, 'adapter-node.js')).href)
  const { server, dir, app_path: appPath, mime_types: types, assets } = handOff.parse(loaded)
  // No environment: the panel receives its settings with each request.
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

import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'

import type { Cluster } from './cluster.ts'
import { programEnvironment } from './cluster.ts'

/** The descriptor after standard input, output and error. */
const DATA_DESCRIPTOR = 3

/** Paths of the cluster as its programs can open them. */
export interface ProgramPaths {
  dataFolder: string
  passwordFile: string
}

/**
 * Starts a program of the cluster on `dataFolder` as the cluster's user; resolves when it runs. If that user
 * cannot enter the parent folders, the program inherits a descriptor of the data folder: on Linux,
 * /proc/self/fd/N opens it independent of its parents (proc_pid_fd(5)).
 */
export async function startProgram(
  cluster: Cluster,
  spec: {
    program: string
    dataFolder: string
    args: (paths: ProgramPaths) => string[]
    /** Standard output and standard error. */
    output: 'pipe' | number
    detached: boolean
    timeoutMs?: number
  },
): Promise<ChildProcess> {
  const { dataFolder, output } = spec
  const data = await open(dataFolder)
  try {
    const throughDescriptor = `/proc/self/fd/${DATA_DESCRIPTOR}`
    const paths = cluster.blocked
      ? { dataFolder: throughDescriptor, passwordFile: `${throughDescriptor}/../password` }
      : { dataFolder, passwordFile: cluster.passwordFile }
    const child = spawn(spec.program, spec.args(paths), {
      ...cluster.user,
      // PostgreSQL before 16 changes its working directory temporarily and must be able to return.
      cwd: '/',
      env: programEnvironment(cluster.binaries),
      stdio: ['ignore', output, output, ...(cluster.blocked ? [data.fd] : [])],
      detached: spec.detached,
      ...(spec.timeoutMs === undefined ? {} : { timeout: spec.timeoutMs }),
    })
    await once(child, 'spawn')
    return child
  } finally {
    await data.close()
  }
}

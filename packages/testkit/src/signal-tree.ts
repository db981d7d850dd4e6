import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/**
 * Sends SIGSTOP to a process and all its descendants, the parent first, so that it cannot start more
 * meanwhile. PostgreSQL has one process per session.
 */
export async function freezeTree(pid: number): Promise<void> {
  signal(pid, 'SIGSTOP')
  for (const child of await childrenOf(pid)) await freezeTree(child)
}

/** Sends SIGCONT to a process and all its descendants. */
export async function resumeTree(pid: number): Promise<void> {
  for (const child of await childrenOf(pid)) await resumeTree(child)
  signal(pid, 'SIGCONT')
}

/** A process that has ended since it was listed gets no signal. */
function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

async function childrenOf(parent: number): Promise<number[]> {
  const pairs = process.platform === 'linux' ? await readProc() : await readPs()
  return pairs.filter(({ ppid }) => ppid === parent).map(({ pid }) => pid)
}

interface Pair {
  pid: number
  ppid: number
}

async function readProc(): Promise<Pair[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const pairs = await Promise.all(
    names.map(async (name) => {
      // A process that has ended since the folder was listed has no file.
      const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
      // The second field is the command in parentheses with any characters, so parse after the last `)`.
      const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return { pid: Number(name), ppid: state === 'Z' ? 0 : Number(ppid) }
    }),
  )
  return pairs
}

async function readPs(): Promise<Pair[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid='])
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [pid, ppid] = line.trim().split(/\s+/)
      return { pid: Number(pid), ppid: Number(ppid) }
    })
}

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const PS_TIMEOUT_MS = 5_000

/**
 * A unique identity of a running process: pids are reused, especially in containers. Undefined when no such
 * process exists or it is a zombie.
 */
export async function readProcessIdentity(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? readFromProc(pid) : readFromPs(pid)
}

async function readFromProc(pid: number): Promise<string | undefined> {
  const stat = await readIfPresent(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The second field is the command in parentheses and may contain any character: count after the last `)`.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (state === 'Z' || state === 'X') return undefined
  const bootId = await readIfPresent('/proc/sys/kernel/random/boot_id')
  return `${pid}@${fields[18]} of ${bootId?.trim()}` // starttime, proc_pid_stat(5) field 22
}

/** The name of the process's program; empty when the process has ended. */
export async function readCommandName(pid: number): Promise<string> {
  if (process.platform !== 'linux') return (await queryPs('comm=', pid)) ?? ''
  return (await readIfPresent(`/proc/${pid}/comm`))?.trim() ?? ''
}

async function readFromPs(pid: number): Promise<string | undefined> {
  const startedAt = await queryPs('lstart=', pid)
  return startedAt === undefined ? undefined : `${pid}@${startedAt}`
}

async function queryPs(column: string, pid: number): Promise<string | undefined> {
  const args = ['-o', column, '-p', String(pid)]
  try {
    const { stdout } = await promisify(execFile)('ps', args, { timeout: PS_TIMEOUT_MS })
    return stdout.trim() === '' ? undefined : stdout.trim()
  } catch (error) {
    // ps exits with 1 when no process matches; other failures are errors.
    if (error instanceof Error && 'code' in error && error.code === 1) return undefined
    throw error
  }
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const absent = ['ENOENT', 'ESRCH'] // ESRCH: it ended between open and read
    if (error instanceof Error && 'code' in error && absent.includes(String(error.code))) {
      return undefined
    }
    throw error
  }
}

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const PS_TIMEOUT_MS = 5_000

/**
 * Names a running process beyond doubt: its number alone is given to another process sooner or
 * later, above all in containers. Undefined when there is no such process, or only its remains.
 */
export async function readProcessIdentity(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? readFromProc(pid) : readFromPs(pid)
}

async function readFromProc(pid: number): Promise<string | undefined> {
  const stat = await readOrNothing(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The second field is the command in parentheses and may hold anything, so count after the last.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (state === 'Z' || state === 'X') return undefined
  const bootId = await readOrNothing('/proc/sys/kernel/random/boot_id')
  return `${pid}@${fields[18]} of ${bootId?.trim()}` // starttime, proc_pid_stat(5) field 22
}

/** The program's name as the system shows it; empty when the process is gone. */
export async function readCommandName(pid: number): Promise<string> {
  if (process.platform !== 'linux') return (await askPs('comm=', pid)) ?? ''
  return (await readOrNothing(`/proc/${pid}/comm`))?.trim() ?? ''
}

async function readFromPs(pid: number): Promise<string | undefined> {
  const startedAt = await askPs('lstart=', pid)
  return startedAt === undefined ? undefined : `${pid}@${startedAt}`
}

async function askPs(column: string, pid: number): Promise<string | undefined> {
  const words = ['-o', column, '-p', String(pid)]
  try {
    const { stdout } = await promisify(execFile)('ps', words, { timeout: PS_TIMEOUT_MS })
    return stdout.trim() === '' ? undefined : stdout.trim()
  } catch (error) {
    // ps ends with 1 when it found nobody; any other failure is not an answer.
    if (error instanceof Error && 'code' in error && error.code === 1) return undefined
    throw error
  }
}

async function readOrNothing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const gone = ['ENOENT', 'ESRCH'] // ESRCH: it ended between open and read
    if (error instanceof Error && 'code' in error && gone.includes(String(error.code))) {
      return undefined
    }
    throw error
  }
}

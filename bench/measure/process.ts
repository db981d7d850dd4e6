import { readFileSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'

/** A command pinned to one CPU, so that a figure is per core. */
export function pinned(cpu: number, command: string, args: string[]): [string, string[]] {
  return ['taskset', ['-c', String(cpu), command, ...args]]
}

/** Waits until the port accepts connections. */
export async function untilListening(port: number, withinMs = 30_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (performance.now() < deadline) {
    if (await accepts(port)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`port ${port} has no listener after ${withinMs} ms`)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

const TICK_MS = 10

/** CPU time of a process and its running children in milliseconds (10 ms ticks of the kernel). */
export function cpuMs(pid: number): number {
  return tree(pid).reduce((total, one) => total + ownCpuMs(one), 0)
}

/** Resident memory of a process and its children in MiB; shared pages count once (PSS). */
export function rssMib(pid: number): number {
  return Math.round(tree(pid).reduce((sum, one) => sum + pssKib(one), 0) / 1024)
}

/** Resident memory of the process alone. */
export const ownRssMib = (pid: number): number => Math.round(pssKib(pid) / 1024)

const pssKib = (pid: number): number =>
  Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0)

function ownCpuMs(pid: number): number {
  // Fields after the command name, which may contain spaces: utime is the 12th, stime the 13th.
  const fields = read(`/proc/${pid}/stat`).split(') ').pop()?.split(' ') ?? []
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS
}

function tree(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const parent = Number(read(`/proc/${name}/stat`).split(') ').pop()?.split(' ')[1] ?? 0)
    parents.set(Number(name), parent)
  }
  const found = [pid]
  for (const known of found) {
    for (const [child, parent] of parents) if (parent === known) found.push(child)
  }
  return found
}

// A process may exit between listing and reading.
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

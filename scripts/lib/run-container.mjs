import { spawnSync } from 'node:child_process'

const REQUEST_TIMEOUT_MS = 10_000
const PULL_TIMEOUT_MS = 300_000

/** Runs an image with docker, with its port on loopback. Undefined when docker is not available or fails. */
export function runContainer({ image, port, args = [] }) {
  if (docker(['info', '--format', '{{.ServerVersion}}'], REQUEST_TIMEOUT_MS) === undefined) return
  const publish = ['--publish', `127.0.0.1::${port}`]
  const id = docker(['run', '--detach', '--rm', ...publish, image, ...args], PULL_TIMEOUT_MS)
  if (id === undefined) return
  const stop = async () => void docker(['rm', '--force', id], REQUEST_TIMEOUT_MS)
  const address = docker(['port', id, `${port}/tcp`], REQUEST_TIMEOUT_MS)?.split('\n')[0]
  if (address !== undefined) return { address, stop }
  docker(['rm', '--force', id], REQUEST_TIMEOUT_MS)
}

function docker(args, timeout) {
  const { status, stdout } = spawnSync('docker', args, { timeout, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'

const UPDATE_TIMEOUT_MS = 120_000
const INSTALL_TIMEOUT_MS = 600_000
const POLICY = '/usr/sbin/policy-rc.d'

/** Installs Debian packages if this process is root on Debian. Returns whether it did. */
export function installDebian(packages) {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return false
  console.log(`Installing ${packages.join(', ')} from Debian, to test against real servers`)
  // The tests start their own servers; this keeps the packages' daemons from starting.
  const ownPolicy = !existsSync(POLICY)
  if (ownPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    const lists = apt(['update'], UPDATE_TIMEOUT_MS)
    const options = ['-o', 'DPkg::Lock::Timeout=300', 'install', '-y', '--no-install-recommends']
    return lists && apt([...options, ...packages], INSTALL_TIMEOUT_MS)
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true })
  }
}

function apt(args, timeout) {
  const { status, stderr, error } = spawnSync('apt-get', ['-q', ...args], {
    timeout,
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (status !== 0) console.error(`apt-get ${args[0]} failed: ${error?.message ?? stderr}`)
  return status === 0
}

import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'

const UPDATE_TIMEOUT_MS = 120_000
const INSTALL_TIMEOUT_MS = 600_000
const POLICY = '/usr/sbin/policy-rc.d'

/** Installs Debian packages when we are root on Debian. Says whether it did. */
export function installDebian(packages) {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return false
  console.log(`Installing ${packages.join(', ')} from Debian, to test against the real thing`)
  // We start private servers ourselves; the packages' own daemons stay off.
  const ownPolicy = !existsSync(POLICY)
  if (ownPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    const lists = apt(['update'], UPDATE_TIMEOUT_MS)
    const words = ['-o', 'DPkg::Lock::Timeout=300', 'install', '-y', '--no-install-recommends']
    return lists && apt([...words, ...packages], INSTALL_TIMEOUT_MS)
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true })
  }
}

function apt(words, timeout) {
  const { status, stderr, error } = spawnSync('apt-get', ['-q', ...words], {
    timeout,
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (status !== 0) console.error(`apt-get ${words[0]} failed: ${error?.message ?? stderr}`)
  return status === 0
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Runs vitest once and returns the counts; an error outside of tests counts as one failure. */
export async function runVitest({ args, env, reportFile, signal }) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
  const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...args], {
    cwd: root,
    env,
    stdio: 'inherit',
  })
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
  const [status] = await once(child, 'exit')
  const counts = readCounts(reportFile)
  if (status !== 0 && counts.failed === 0) counts.failed = 1
  return counts
}

function readCounts(reportFile) {
  let report
  try {
    report = JSON.parse(readFileSync(reportFile, 'utf8'))
  } catch {
    console.error('vitest exited without a report')
    return { passed: 0, failed: 1, skipped: 0 }
  }
  // A file that failed to load, or whose setup failed, has no failed test.
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

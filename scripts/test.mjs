// Runs the tests: starts the servers they need, runs vitest, stops the servers, and prints the counts in the
// last line. `--project unit|pg|redis|nats|e2e|browser` (repeatable) and path filters select tests; `--long`
// runs the long form: more kills of the crash campaign, and each page in every theme and size.
import { ensureModernNode } from './lib/modern-node.mjs'

// Imported dynamically, because an older Node cannot parse it.
if (await ensureModernNode()) await import('./lib/run-tests.mjs')

// Runs the tests: brings up the servers they need, runs vitest, stops the servers, and ends with
// one plain line. `--project unit|pg|redis|nats|e2e|browser` (repeatable) and path filters narrow it; `--long`
// repeats what is repeated: each kill of the crash campaign, each page in every theme and size.
import { needModernNode } from './lib/modern-node.mjs'

// Loaded late: an older Node could not even read it.
if (await needModernNode()) await import('./lib/run-tests.mjs')

import { availableParallelism } from 'node:os'

import { defineConfig } from 'vitest/config'

const everywhere = ['packages', 'services', 'apps', 'test', 'bench', 'infra']
const testsNamed = (suffix: string) =>
  everywhere.map((folder) => `${folder}/**/*.${suffix}.test.ts`)

// The suffix of a test file names the real server that it needs; without a suffix it needs none.
const needs = ['pg', 'redis', 'nats', 'e2e', 'browser']

// One for all projects: the panel's own tsconfig extends a file that SvelteKit generates on its first run.
const tsconfig = './tsconfig.json'

// A folder that another task of `pnpm verify` runs.
const without = process.env['UNIT_WITHOUT']

export default defineConfig({
  test: {
    // Tests wait for timers and sockets half of their time, so more workers than cores end sooner.
    maxWorkers: 2 * availableParallelism(),
    projects: [
      {
        tsconfig,
        test: {
          name: 'unit',
          // Generous, because machines are shared and simulations are long.
          testTimeout: 30_000,
          // Modules have no global state, so test files may share a worker; importing the modules again for each
          // file took longer than the tests.
          isolate: false,
          include: everywhere.map((folder) => `${folder}/**/*.test.ts`),
          exclude: [
            '**/node_modules/**',
            ...needs.flatMap((need) => testsNamed(need)),
            ...(without === undefined ? [] : [`${without}/**`]),
          ],
        },
      },
      ...needs.map((need) => ({
        tsconfig,
        test: {
          name: need,
          include: testsNamed(need),
          exclude: ['**/node_modules/**'],
          testTimeout: need === 'e2e' || need === 'browser' ? 120_000 : 60_000,
          hookTimeout: 120_000,
        },
      })),
    ],
  },
})

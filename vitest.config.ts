import { defineConfig } from 'vitest/config'

const everywhere = ['packages', 'services', 'apps', 'test', 'bench', 'infra']
const named = (suffix: string) => everywhere.map((folder) => `${folder}/**/*.${suffix}.test.ts`)

// A test says by its suffix which real server it needs; without one it needs none.
const needs = ['pg', 'redis', 'nats', 'e2e', 'browser']

// One for all: that of the panel extends what SvelteKit makes on its first run.
const tsconfig = './tsconfig.json'

export default defineConfig({
  test: {
    projects: [
      {
        tsconfig,
        test: {
          name: 'unit',
          // A wall clock, not a promise about speed: machines are shared, and simulations are long.
          testTimeout: 30_000,
          // Modules are values without state of their own, so test files may share a worker; importing them
          // anew for each file took longer than the tests.
          isolate: false,
          include: everywhere.map((folder) => `${folder}/**/*.test.ts`),
          exclude: ['**/node_modules/**', ...needs.flatMap((need) => named(need))],
        },
      },
      ...needs.map((need) => ({
        tsconfig,
        test: {
          name: need,
          include: named(need),
          exclude: ['**/node_modules/**'],
          testTimeout: need === 'e2e' || need === 'browser' ? 120_000 : 60_000,
          hookTimeout: 120_000,
        },
      })),
    ],
  },
})

import type { Repository, Rule } from './repository.ts'

const ADAPTERS_MIN = 2

/** Contract suites of ports, without the service contracts in packages/contracts. */
function suitesOf({ files }: Repository) {
  return files.filter(
    ({ path }) => path.endsWith('.contract.ts') && !path.startsWith('packages/contracts/'),
  )
}

const twoAdapters: Rule = {
  name: 'every contract suite of a port is run by two adapters, or states why by one',
  remedy: 'run the suite in a test of each adapter, or begin it with `// one adapter: <reason>`.',
  violations: (repository) =>
    suitesOf(repository).flatMap(({ path, text }) => {
      const suite = /^export function (\w+)/m.exec(text)?.[1]
      if (suite === undefined) return [`${path} exports no suite`]
      const calls = repository.files
        .filter((file) => file.path.endsWith('.test.ts'))
        .flatMap((file) => [...file.text.matchAll(new RegExp(`\\b${suite}\\(`, 'g'))])
      if (calls.length >= ADAPTERS_MIN || /^\/\/ one adapter: \S/m.test(text)) return []
      return [`${path}: ${suite} is run by ${calls.length} adapters`]
    }),
  broken: {
    'packages/bus/src/bus.contract.ts': 'export function busContract() {}',
    'packages/bus/src/memory-bus.test.ts': 'busContract(memory)',
  },
  good: {
    'packages/bus/src/bus.contract.ts': 'export function busContract() {}',
    'packages/bus/src/memory-bus.test.ts': 'busContract(memory)',
    'packages/bus/src/nats-bus.nats.test.ts': 'busContract(nats)',
    'packages/egress/src/dispatcher.contract.ts':
      '// one adapter: the network\nexport function dispatcherContract() {}',
  },
}

export const portRules: Rule[] = [twoAdapters]

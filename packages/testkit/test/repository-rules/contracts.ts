import { billingContract } from '@sluice/contracts/billing.contract'
import { schedulerContract } from '@sluice/contracts/scheduler.contract'

import type { Repository, Rule } from './repository.ts'

const contracts = [billingContract, schedulerContract]

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** [service, method] of every contract method, for services with source files. */
function methodsOf(repository: Repository): [service: string, method: string][] {
  return contracts
    .filter(({ name }) =>
      repository.files.some(({ path }) => path.startsWith(`services/${name}/src/`)),
    )
    .flatMap(({ name, methods }) =>
      Object.keys(methods).map((method): [string, string] => [name, method]),
    )
}

const inBilling = (texts: (method: string) => [string, string][]) =>
  Object.fromEntries(Object.keys(billingContract.methods).flatMap(texts))

const methodFiles: Rule = {
  name: 'every method of a contract is a file that exports it',
  remedy: 'write the method in the file that is named after it, or rename its export.',
  violations: (repository) =>
    methodsOf(repository).flatMap(([service, method]) => {
      const path = `services/${service}/src/methods/${kebab(method)}.ts`
      const file = repository.files.find((found) => found.path === path)
      const exported = new RegExp(`^export (async )?(function|const) ${method}\\b`, 'm')
      return file && exported.test(file.text) ? [] : [`${path} does not export ${method}`]
    }),
  broken: { 'services/billing/src/methods/open-hold.ts': 'export async function open() {}' },
  good: inBilling((method) => [
    [`services/billing/src/methods/${kebab(method)}.ts`, `export async function ${method}() {}`],
  ]),
}

const transportTests: Rule = {
  name: 'every method of a contract is called over a transport by a test',
  remedy: 'call it in the suite that the transport tests share.',
  violations: (repository) =>
    methodsOf(repository)
      .filter(
        ([service, method]) =>
          !repository.files.some(
            ({ path, text }) =>
              new RegExp(`^services/${service}/test/transport.*\\.ts$`).test(path) &&
              new RegExp(`\\b${method}\\b`).test(text),
          ),
      )
      .map(([service, method]) => `services/${service}/test/transport*.ts does not call ${method}`),
  broken: {
    'services/billing/src/module.ts': '',
    'services/billing/test/transport.test.ts': 'openHold',
  },
  good: {
    'services/billing/src/module.ts': '',
    'services/billing/test/transport.nats.test.ts': Object.keys(billingContract.methods).join(' '),
  },
}

export const contractRules: Rule[] = [methodFiles, transportTests]

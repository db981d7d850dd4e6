import { billingContract } from '@sluice/contracts/billing.contract'
import { schedulerContract } from '@sluice/contracts/scheduler.contract'

import type { House, Rule } from './house.ts'

const contracts = [billingContract, schedulerContract]

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** [service, verb] of every method, for services that have been begun. */
function verbsOf(house: House): [service: string, verb: string][] {
  return contracts
    .filter(({ name }) => house.files.some(({ path }) => path.startsWith(`services/${name}/src/`)))
    .flatMap(({ name, methods }) =>
      Object.keys(methods).map((verb): [string, string] => [name, verb]),
    )
}

const inBilling = (texts: (verb: string) => [string, string][]) =>
  Object.fromEntries(Object.keys(billingContract.methods).flatMap(texts))

const verbFiles: Rule = {
  name: 'every verb of a contract is a file that exports it',
  offences: (house) =>
    verbsOf(house).flatMap(([service, verb]) => {
      const path = `services/${service}/src/verbs/${kebab(verb)}.ts`
      const file = house.files.find((found) => found.path === path)
      const exported = new RegExp(`^export (async )?(function|const) ${verb}\\b`, 'm')
      return file && exported.test(file.text) ? [] : [`${path} does not export ${verb}`]
    }),
  broken: { 'services/billing/src/verbs/open-hold.ts': 'export async function open() {}' },
  kept: inBilling((verb) => [
    [`services/billing/src/verbs/${kebab(verb)}.ts`, `export async function ${verb}() {}`],
  ]),
}

const wireTests: Rule = {
  name: 'every verb of a contract is asked over the wire by a test',
  offences: (house) =>
    verbsOf(house)
      .filter(
        ([service, verb]) =>
          !house.files.some(
            ({ path, text }) =>
              new RegExp(`^services/${service}/test/wire.*\\.ts$`).test(path) &&
              new RegExp(`\\b${verb}\\b`).test(text),
          ),
      )
      .map(([service, verb]) => `services/${service}/test/wire*.ts does not ask ${verb}`),
  broken: {
    'services/billing/src/module.ts': '',
    'services/billing/test/wire.test.ts': 'openHold',
  },
  kept: {
    'services/billing/src/module.ts': '',
    'services/billing/test/wire.nats.test.ts': Object.keys(billingContract.methods).join(' '),
  },
}

export const contractRules: Rule[] = [verbFiles, wireTests]

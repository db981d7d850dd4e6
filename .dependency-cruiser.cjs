// The walls of the house: who may import whom (docs/ARCHITECTURE.md §2). Type imports count.
// packages/testkit/test/walls.test.ts proves that each of them stands.

const tests = ['[.]test[.]ts$', '/test/', '^test/', '^bench/', '^packages/(testkit|simulators)/']
const suites = '[.]contract[.]ts$' // of ports; contracts between services lie in packages/contracts
const stages =
  'admit|choose|dispatch|relay|settle|claim|generate|pictures|notify|check|fetch|render'

// An npm package: below node_modules when it is installed, by its bare name when it is not.
const npm = (names) => `(^|node_modules/)(${names})(/|$)`
const storeAdapters = '^(services/[^/]+|packages/jobs)/src/store/'
const wirings = '^(services/[^/]+/src/main|apps/[^/]+/(src|serve)/(main|cli|wire-[^/]+))[.]ts$'

const tableOwners = {
  billing: '^services/billing/',
  edge: '^services/edge-api/',
  images: '^packages/jobs/',
  scheduler: '^services/scheduler/',
}

const wall = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

module.exports = {
  forbidden: [
    wall('no-circular', 'A ring of files cannot be understood one by one.', {}, { circular: true }),
    wall(
      'services-are-islands',
      'Services meet in packages/contracts, never in each other.',
      { path: '^services/([^/]+)/' },
      { path: '^services/', pathNot: '^services/$1/' },
    ),
    wall(
      'packages-are-ground',
      'A package knows neither services nor apps.',
      { path: '^packages/' },
      { path: '^(services|apps|test|bench)/' },
    ),
    wall(
      'services-know-no-app',
      'Apps wire services; services do not know by whom.',
      { path: '^services/' },
      { path: '^(apps|test|bench)/' },
    ),
    wall(
      'panel-is-thin',
      'The panel talks to the HTTP API and shares only its words.',
      { path: '^apps/dashboard/', pathNot: '^apps/dashboard/serve/' },
      {
        path: '^(packages|services|apps)/',
        pathNot: '^(packages/(contracts|kernel)/|apps/dashboard/(?!serve/))',
      },
    ),
    wall(
      'panel-serves-itself',
      'What serves the panel has the manners of a service, and knows no other one.',
      { path: '^apps/dashboard/serve/', pathNot: tests },
      {
        path: '^(packages|services|apps)/',
        pathNot: '^(packages/(contracts|kernel|service-kit)|apps/dashboard/serve)/',
      },
    ),
    wall(
      'standalone-by-public-entry',
      'An app enters a service by its module (and its accounts, for commands), and gives it its stores.',
      { path: '^apps/', pathNot: tests },
      { path: '^services/', pathNot: '^services/[^/]+/src/((module|accounts)[.]ts$|store/)' },
    ),
    wall(
      'kernel-is-bare',
      'Everything leans on the kernel, so it leans on nothing.',
      { path: '^packages/kernel/', pathNot: tests },
      { pathNot: '^packages/kernel/', dependencyTypesNot: ['core'] },
    ),
    wall(
      'drivers-at-the-rim: nats',
      'Moving to another bus client is one package.',
      { pathNot: ['^packages/bus/', ...tests] },
      { path: npm('nats|@nats-io/[^/]+') },
    ),
    wall(
      'drivers-at-the-rim: ioredis',
      'Only store adapters and wirings know Redis.',
      { pathNot: [storeAdapters, wirings, ...tests] },
      { path: npm('ioredis') },
    ),
    wall(
      'drivers-at-the-rim: pg, kysely',
      'SQL lives with its owner, in store adapters.',
      { pathNot: ['^packages/(db|jobs)/', storeAdapters, wirings, ...tests] },
      { path: npm('pg|kysely') },
    ),
    wall(
      'drivers-at-the-rim: undici',
      'Calls leave the house through packages/egress; the raw relay hands bytes through.',
      { pathNot: ['^packages/(egress|upstreams)/', '^services/edge-api/src/relay/', ...tests] },
      { path: npm('undici') },
    ),
    wall(
      'drivers-at-the-rim: S3',
      'Only the blob store knows where blobs lie.',
      { pathNot: ['^packages/blobs/', ...tests] },
      { path: npm('@aws-sdk/[^/]+') },
    ),
    wall(
      'nouns-are-pure',
      'What can be decided without waiting is decided without clock, dice, log or store.',
      {
        path: [
          '^services/[^/]+/src/(ledger|pricing|catalog|eligibility|lease|choose)/',
          '^services/[^/]+/src/dispatch/next-step[.]ts$',
          '^services/[^/]+/src/admit/(rate-limit|estimate-usage)[.]ts$',
          '^services/[^/]+/src/settle/final-usage[.]ts$',
          '^services/[^/]+/src/relay/(chat-meter|pass-events|read-answer|read-events)[.]ts$',
          '^packages/(pricing|protocol)/src/',
          '^packages/jobs/src/(image-job|job)[.]ts$',
        ],
        pathNot: tests,
      },
      {
        path: [
          '^(services/[^/]+|packages/jobs)/src/(store|methods|background)/',
          '^packages/(bus|db|egress|service-kit)/',
          '^packages/kernel/src/(clock|log|random)[.]ts$',
        ],
      },
    ),
    wall(
      'stages-do-not-import-each-other',
      'Only the table of contents knows the order of a flow.',
      { path: `^services/([^/]+)/src/(${stages})/`, pathNot: tests },
      { path: `^services/$1/src/(accept|${stages})/`, pathNot: '^services/$1/src/$2/' },
    ),
    wall(
      'nobody-imports-main',
      'A wiring starts things when it is loaded.',
      { pathNot: wirings },
      { path: '/(src|serve)/(main|cli|wire-[^/]+)[.]ts$' },
    ),
    wall(
      'methods-know-no-module',
      'A module imports its methods, not the other way round.',
      { path: '/methods/' },
      { path: '/module[.]ts$' },
    ),
    wall(
      'tests-only',
      'What is made for tests stays out of production.',
      { pathNot: [...tests, suites, '^packages/db/scripts/', '^packages/kernel/src/testing/'] },
      {
        path: ['^packages/(testkit|simulators)/', '^packages/kernel/src/testing/', suites],
        pathNot: '^packages/contracts/',
      },
    ),
    ...Object.entries(tableOwners).map(([tables, owner]) =>
      wall(
        `own-tables: ${tables}`,
        'A table is written by one owner.',
        { path: '^(services|packages)/', pathNot: [owner, '^packages/db/', ...tests] },
        { path: `^packages/db/src/tables/${tables}[.]ts$` },
      ),
    ),
    wall(
      'imports-resolve',
      'An import that leads nowhere fails in production only.',
      {},
      // What SvelteKit makes up: svelte-check sees whether these are there.
      { couldNotResolve: true, pathNot: '^[$]app/|/[$]types(|[.]js)$' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|data|[.]svelte-kit)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    moduleSystems: ['es6'],
    skipAnalysisNotInRules: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
}

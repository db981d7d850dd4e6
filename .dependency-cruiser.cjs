// Import rules: which module may import which (docs/ARCHITECTURE.md §2). Type imports count.
// packages/testkit/test/import-rules.test.ts proves each of them.

const tests = ['[.]test[.]ts$', '/test/', '^test/', '^bench/', '^packages/(testkit|simulators)/']
// Contract suites of ports; the contracts between services are in packages/contracts.
const suites = '[.]contract[.]ts$'
// Test helpers that tests of several folders or packages share.
const helpers = '^(packages|services|apps)/.+/testing/'
const edgeFeatures = 'auth|limits|credit|routing|usage'
const stages =
  'admit|choose|dispatch|relay|settle|claim|generate|pictures|notify|check|fetch|render'

// An npm package: a path below node_modules if it is installed, otherwise its bare name.
const npm = (names) => `(^|node_modules/)(${names})(/|$)`
const storeAdapters = '^(services/[^/]+|packages/jobs)/src/store/'
const wirings = '^(services/[^/]+/src/main|apps/[^/]+/(src|serve)/(main|cli|wire-[^/]+))[.]ts$'

const tableOwners = {
  billing: '^services/billing/',
  edge: '^services/edge-api/',
  images: '^packages/jobs/',
  scheduler: '^services/scheduler/',
}

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

module.exports = {
  forbidden: [
    rule(
      'no-circular',
      'Files in a cycle cannot be understood separately.',
      {},
      { circular: true },
    ),
    rule(
      'no-import-between-services',
      'Services depend on packages/contracts, never on each other.',
      { path: '^services/([^/]+)/' },
      { path: '^services/', pathNot: '^services/$1/' },
    ),
    rule(
      'packages-import-no-service',
      'A package depends on neither services nor apps.',
      { path: '^packages/' },
      { path: '^(services|apps|test|bench)/' },
    ),
    rule(
      'services-import-no-app',
      'Apps wire services; services do not depend on apps.',
      { path: '^services/' },
      { path: '^(apps|test|bench)/' },
    ),
    rule(
      'panel-imports',
      'The panel is a client of the HTTP API and imports only its contracts and the kernel.',
      { path: '^apps/dashboard/', pathNot: '^apps/dashboard/serve/' },
      {
        path: '^(packages|services|apps)/',
        pathNot: '^(packages/(contracts|kernel)/|apps/dashboard/(?!serve/))',
      },
    ),
    rule(
      'panel-server-imports',
      "The panel's server is built like a service and imports no other service.",
      { path: '^apps/dashboard/serve/', pathNot: tests },
      {
        path: '^(packages|services|apps)/',
        pathNot: '^(packages/(contracts|kernel|service-kit)|apps/dashboard/serve)/',
      },
    ),
    rule(
      'standalone-by-public-entry',
      'An app imports a service by its module (or its accounts, for commands) and its stores only.',
      { path: '^apps/', pathNot: tests },
      { path: '^services/', pathNot: '^services/[^/]+/src/((module|accounts)[.]ts$|store/)' },
    ),
    rule(
      'kernel-has-no-dependencies',
      'Everything depends on the kernel, so it depends on nothing.',
      { path: '^packages/kernel/', pathNot: tests },
      { pathNot: '^packages/kernel/', dependencyTypesNot: ['core'] },
    ),
    rule(
      'driver-imports: nats',
      'Only packages/bus depends on the bus client, so that it can be replaced.',
      { pathNot: ['^packages/bus/', ...tests] },
      { path: npm('nats|@nats-io/[^/]+') },
    ),
    rule(
      'driver-imports: ioredis',
      'Only store adapters and wirings depend on Redis.',
      { pathNot: [storeAdapters, wirings, ...tests] },
      { path: npm('ioredis') },
    ),
    rule(
      'driver-imports: pg, kysely',
      'SQL is in the store adapters of its owner.',
      { pathNot: ['^packages/(db|jobs)/', storeAdapters, wirings, ...tests] },
      { path: npm('pg|kysely') },
    ),
    rule(
      'driver-imports: undici',
      'Outgoing calls go through packages/egress; the raw relay forwards bytes.',
      {
        pathNot: [
          '^packages/(egress|upstreams)/',
          '^services/edge-api/src/(gateway/relay|http)/',
          ...tests,
        ],
      },
      { path: npm('undici') },
    ),
    rule(
      'driver-imports: S3',
      'Only the blob store depends on the blob backend.',
      { pathNot: ['^packages/blobs/', ...tests] },
      { path: npm('@aws-sdk/[^/]+') },
    ),
    rule(
      'pure-modules',
      'Decisions without I/O use no clock, random source, log or store.',
      {
        path: [
          '^services/[^/]+/src/(ledger|pricing|catalog|eligibility|lease)/',
          '^services/edge-api/src/routing/(catalog|choose-channels|choose-credential)[.]ts$',
          '^services/edge-api/src/gateway/final-usage[.]ts$',
          '^services/edge-api/src/(limits/rate-limit|credit/estimate-usage)[.]ts$',
          '^services/edge-api/src/gateway/relay/(chat-meter|pass-events|read-answer|read-events)[.]ts$',
          '^packages/(attempts|pricing|protocol)/src/',
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
    rule(
      'stages-do-not-import-each-other',
      'The order of the stages is in one file per flow.',
      { path: `^services/([^/]+)/src/(${stages})/`, pathNot: tests },
      { path: `^services/$1/src/(accept|${stages})/`, pathNot: '^services/$1/src/$2/' },
    ),
    rule(
      'edge-features-are-independent',
      'Features of edge-api meet in the gateway, in images and in the module, not in each other.',
      { path: `^services/edge-api/src/(${edgeFeatures})/`, pathNot: tests },
      {
        path: `^services/edge-api/src/(${edgeFeatures}|gateway|images|control|identity)/`,
        pathNot: '^services/edge-api/src/$1/',
      },
    ),
    rule(
      'edge-http-is-below-features',
      'Reading and writing HTTP depends on no feature; a principal carries its networks.',
      { path: '^services/edge-api/src/http/', pathNot: tests },
      {
        path: `^services/edge-api/src/(${edgeFeatures}|gateway|images|control|identity)/`,
        pathNot: '^services/edge-api/src/auth/networks[.]ts$',
      },
    ),
    rule(
      'chat-and-images-meet-once',
      'A chat request that names an image model is delegated in one file; the two know nothing else of each other.',
      { path: '^services/edge-api/src/(gateway|images)/', pathNot: tests },
      {
        path: '^services/edge-api/src/(gateway|images|control|identity)/',
        pathNot: '^services/edge-api/src/($1/|images/(chat-image|read-image-body)[.]ts$)',
      },
    ),
    rule(
      'no-import-of-main',
      'Loading an entry file starts its process.',
      { pathNot: wirings },
      { path: '/(src|serve)/(main|cli|wire-[^/]+)[.]ts$' },
    ),
    rule(
      'methods-import-no-module',
      'A module imports its methods, not the other way round.',
      { path: '/methods/' },
      { path: '/module[.]ts$' },
    ),
    rule(
      'test-code-in-tests-only',
      'Test helpers are not imported by production code.',
      { pathNot: [...tests, suites, '^packages/db/scripts/', helpers] },
      {
        path: ['^packages/(testkit|simulators)/', helpers, suites],
        pathNot: '^packages/contracts/(?!src/testing/)',
      },
    ),
    ...Object.entries(tableOwners).map(([tables, owner]) =>
      rule(
        `table-owner: ${tables}`,
        'Each table is written by one owner.',
        { path: '^(services|packages)/', pathNot: [owner, '^packages/db/', ...tests] },
        { path: `^packages/db/src/tables/${tables}[.]ts$` },
      ),
    ),
    rule(
      'imports-resolve',
      'Otherwise an unresolved import fails only at run time.',
      {},
      // Generated by SvelteKit; svelte-check verifies them.
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

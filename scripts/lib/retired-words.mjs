// The words and what to write instead. A phrase that is right in the field is allowed below, where it stands.
const groups = [
  ['door doors', 'gateway, public listener'],
  ['house houses', 'installation, this server; for money: platform'],
  ['person persons people peoples', 'user, users, operator, reader'],
  ['place places placed', 'slot, position, location, value; "put" for the act'],
  ['purse purses', 'allowance'],
  ['patience patient patiently', 'wait limit, timeout'],
  ['shelf shelves', 'staging, store'],
  ['journey journeys', 'attempt state'],
  ['station stations', 'stage'],
  ['verb verbs', 'method'],
  ['upkeep', 'background tasks'],
  ['wish wishes wished wishing', 'request, preference'],
  ['told tell tells telling teller', 'report, publish, state, notify'],
  ['heard hear hears hearing', 'received, observed'],
  ['ask asks asked asking', 'request, query, call, poll'],
  ['say says said saying', 'state, report, name; "for example"'],
  ['bury buries buried', 'remove'],
  ['manners', 'policy'],
  ['neighbour neighbours', 'peer, adjacent'],
  ['nobody nobodys somebody', 'a plain subject'],
  ['twin twins', 'in-memory implementation'],
  ['world worlds', 'test environment, fixture'],
  ['stranger strangers', 'unauthenticated caller, foreign'],
  ['painter painters', 'test upstream, test user'],
  ['linger lingers lingering', 'drain'],
  ['furnish furnished', 'seed'],
  ['spoil spoiled', 'override, corrupt'],
  ['draw draws drew drawn drawing drawings', 'generate, render, compose'],
]
export const retired = new Map(
  groups.flatMap(([words, instead]) => words.split(' ').map((word) => [word, instead])),
)

export const allowed = [
  { phrase: /\bhello,? world\b/gi },
  { phrase: /\b(takes?|in) place\b/gi },
  // CSS properties.
  { phrase: /\bplace-(items|content|self)\b/g },
  // A stored value of ledger entries (`refType`), which their seals cover.
  { phrase: /'person'/g },
  // Values of former versions, which a migration rewrites.
  {
    phrase: /"draws"|\bdraws: 2\b|'drawing'|'ask'/g,
    paths: /^packages\/db\/src\/migrate-picture-states\.pg\.test\.ts$/,
  },
  // The operating system's user.
  {
    phrase: /nobody/gi,
    paths: /^(packages\/db\/src\/embedded\/choose-user\.ts|docs\/failure-modes\.md)$/,
  },
]

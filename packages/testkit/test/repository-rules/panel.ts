import type { Repository, Rule, SourceFile } from './repository.ts'
import { linesMatching } from './repository.ts'
import { importChain } from './imports.ts'
import { visibleTextsOf, withoutCode } from './markup.ts'

const SOURCES = 'apps/dashboard/src/'
const ROUTES = `${SOURCES}routes/`
const PATHS = `${SOURCES}lib/paths.ts`
const ENGLISH = `${SOURCES}lib/i18n/en/`

/** Routes in (dev) are for developers and not in the production bundle. */
const isShown = (path: string) => path.startsWith(SOURCES) && !path.startsWith(`${ROUTES}(dev)/`)
const markupOf = ({ files }: Repository) =>
  files.filter(({ path }) => isShown(path) && path.endsWith('.svelte'))

const page = `${ROUTES}(app)/keys/+page.svelte`
const pageLoad = `${ROUTES}(app)/keys/+page.ts`

const messagesOfPages: Rule = {
  name: 'every page of the panel loads the messages of an existing area',
  remedy: "call pageMessages(event, '<area>') in its +page.ts, with an area of lib/i18n/en.",
  violations: ({ files }) => {
    const at = new Map(files.map(({ path, text }) => [path, text]))
    return files
      .filter(({ path }) => isShown(path) && path.endsWith('/+page.svelte'))
      .flatMap(({ path }) => {
        const loads = ['.ts', '.server.ts'].map((end) => at.get(path.replace('.svelte', end)) ?? '')
        const areas = [...loads.join('\n').matchAll(/\b(?:page|load)Messages\(\w+, '([\w-]+)'\)/g)]
        if (areas.length === 0) return [`${path} has no messages`]
        const missing = areas.filter(([, area]) => !at.has(`${ENGLISH}${area}.ts`))
        return missing.map(([, area]) => `${path} has no area ${area}`)
      })
  },
  broken: { [page]: '', [pageLoad]: "pageMessages(event, 'kees')", [`${ENGLISH}keys.ts`]: '' },
  good: {
    [page]: '',
    [pageLoad]: "const messages = await pageMessages(event, 'keys')",
    [`${ROUTES}(auth)/login/+page.svelte`]: '',
    [`${ROUTES}(auth)/login/+page.ts`]: "loadMessages(language, 'keys')",
    [`${ENGLISH}keys.ts`]: '',
  },
}

const isOfBrowser = ({ path }: SourceFile) =>
  isShown(path) && (path.endsWith('.svelte') || /\/(\+(page|layout)|hooks\.client)\.ts$/.test(path))

const noSchemas: Rule = {
  name: 'no code of the browser imports zod',
  remedy: 'import only types from the schema, or move the value to a file without zod.',
  violations: (repository) =>
    repository.files
      .filter(isOfBrowser)
      .flatMap((file) => importChain(repository, file, 'zod')?.join(' → ') ?? []),
  broken: {
    [page]: "<script>\n  import { keyBody } from '#lib/keys/key-body.ts'\n</script>",
    [`${SOURCES}lib/keys/key-body.ts`]: "import { email } from '@sluice/contracts/control/auth'",
    'packages/contracts/src/control/auth.ts': "import { z } from 'zod'",
  },
  good: {
    [page]: "<script>\n  import type { email } from '@sluice/contracts/control/auth'\n</script>",
    [`${ROUTES}(app)/keys/+page.server.ts`]:
      "import { email } from '@sluice/contracts/control/auth'",
    'packages/contracts/src/control/auth.ts': "import { z } from 'zod'",
  },
}

const addressOf = /^ {2}(\w+): \([^)]*\) =>[^'`]*['`]([^'`]*)/gm

/** The paths of the panel by their names in `paths`. */
function addressesOf({ files }: Repository): [name: string, address: string][] {
  const text = files.find(({ path }) => path === PATHS)?.text ?? ''
  return [...text.matchAll(addressOf)].map(([, name = '', address = '']) => [name, address])
}

const knownPaths: Rule = {
  name: 'every link of the panel uses a path of lib/paths.ts',
  remedy: 'add the path to lib/paths.ts and use paths.<name>().',
  violations: (repository) => {
    const names = new Set(addressesOf(repository).map(([name]) => name))
    const sources = repository.files.filter(({ path }) => isShown(path) && path !== PATHS)
    const unnamed = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/(?<![\w./#])paths\.(?!ts\b)(\w+)/g)]
        .filter(([, name = '']) => !names.has(name))
        .map(([used]) => `${path}: ${used}`),
    )
    const literal = linesMatching(markupOf(repository), /\bhref=(["'{`]+)\/|\bgoto\((["'`])\//)
    return [...unnamed, ...literal]
  },
  broken: {
    [PATHS]: "export const paths = {\n  keys: () => '/keys',\n}",
    [page]: '<a href={paths.kees()}>{messages.keys}</a>\n<a href="/keys">{messages.keys}</a>',
  },
  good: {
    [PATHS]: "export const paths = {\n  keys: (filter?: Query) => withQuery('/keys', filter),\n}",
    [page]:
      "import { paths } from '#lib/paths.ts'\n<a href={paths.keys({ new: 1 })}>{messages.a}</a>",
  },
}

/** `/admin/users/[]` for `routes/(app)/admin/users/[id]/+page.svelte`, comparable with a path template. */
const routeOf = (path: string) =>
  `/${path.slice(ROUTES.length).split('/').slice(0, -1).join('/')}`
    .replaceAll(/\([^)]*\)\/?/g, '')
    .replaceAll(/\[[^\]]*\]/g, '[]')
    .replace(/(?<=.)\/$/, '')

const pathsHavePages: Rule = {
  name: 'every path of the panel has a page',
  remedy: 'add the page, or remove the path from lib/paths.ts.',
  violations: (repository) => {
    const pages = repository.files.filter(({ path }) =>
      /^apps\/dashboard\/src\/routes\/.*\+(page\.svelte|page\.server\.ts|server\.ts)$/.test(path),
    )
    const routes = new Set(pages.map(({ path }) => routeOf(path)))
    return addressesOf(repository)
      .map(([name, address]) => [name, address.replaceAll(/\$\{[^}]*\}/g, '[]')] as const)
      .filter(([, address]) => !address.startsWith('/api/') && !routes.has(address))
      .map(([name, address]) => `${PATHS}: paths.${name} has no page at ${address}`)
  },
  broken: { [PATHS]: '  key: (id: string) => `/keys/${encodeURIComponent(id)}`,', [page]: '' },
  good: {
    [PATHS]:
      "  overview: () => '/',\n  keys: () => '/keys',\n  key: (id: string) => `/keys/${id}`,",
    [`${ROUTES}(app)/+page.svelte`]: '',
    [page]: '',
    [`${ROUTES}(app)/keys/[id]/+page.svelte`]: '',
  },
}

const COLOUR = /#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\b|\b(rgba?|hsla?|hwb|(ok)?(lab|lch))\(/i

const colours: Rule = {
  name: 'colours of the panel are defined in app.css only',
  remedy: 'define a variable in app.css and use var(--<name>).',
  violations: ({ files }) =>
    linesMatching(
      files.filter(
        ({ path }) =>
          isShown(path) &&
          /\.(svelte|ts|css|html)$/.test(path) &&
          !path.endsWith('.test.ts') &&
          path !== `${SOURCES}app.css`,
      ),
      COLOUR,
    ),
  broken: { [page]: '<style>\n  p {\n    color: #1f2937;\n  }\n</style>' },
  good: {
    [page]: '{#each keys as key (key.id)}{key.id}{/each}\n<style>p { color: var(--ink) }</style>',
    [`${SOURCES}app.css`]: '  --ink: oklch(0.2 0.02 260);',
    [`${SOURCES}lib/format.ts`]: 'const label = (position: number) => `#${position} of 10`',
  },
}

const styles: Rule = {
  name: 'no element of the panel has a style attribute',
  remedy:
    'use a class or a style directive (`style:width={…}`): the content security policy forbids the attribute.',
  violations: (repository) =>
    markupOf(repository).flatMap(({ path, text }) =>
      linesMatching([{ path, text: withoutCode(text) }], /\sstyle=/),
    ),
  broken: { [page]: '<p style="color: red">{messages.text}</p>' },
  good: { [page]: '<p style:width="{share}%">{messages.text}</p>' },
}

const translated: Rule = {
  name: 'every visible text of the panel comes from its messages',
  remedy: "add it to the area's messages in lib/i18n/en and lib/i18n/zh, and use messages.<key>.",
  violations: (repository) =>
    markupOf(repository).flatMap(({ path, text }) =>
      visibleTextsOf(text)
        .filter((visible) => /\p{L}{2,}/u.test(visible.text))
        .map((visible) => `${path}:${visible.line}: ${visible.text}`),
    ),
  broken: {
    [page]: '<p class="note">\n  {count} keys\n</p>\n<button aria-label="Close">×</button>',
  },
  good: {
    [page]: [
      "<script lang='ts'>\n  const act = 'Close'\n</script>",
      '<!-- For screen readers. -->',
      '<svelte:head><title>{messages.title} · {site.messages.product}</title></svelte:head>',
      "{#if keys.some(({ name }) => name > 'a')}<b>{`${count} keys`}</b>{:else if none}—{/if}",
      '<Button title="{messages.close} ({key})" onclick={() => (open = a < b)}>&nbsp;{messages.go}</Button>',
      '<style>\n  p {\n    color: var(--ink);\n  }\n</style>',
    ].join('\n'),
  },
}

const usedMessages: Rule = {
  name: 'every message of the panel is used',
  remedy: 'use it, or remove it from every language.',
  violations: ({ files }) => {
    const sources = files
      .filter(({ path }) => path.startsWith(SOURCES) && !/\/i18n\/\w+\/|\.test\.ts$/.test(path))
      .map(({ text }) => text)
      .join('\n')
    return files
      .filter(({ path }) => path.startsWith(ENGLISH))
      .flatMap(({ path, text }) =>
        [...text.matchAll(/^ {2}'?([\w-]+)'?:/gm)]
          .filter(([, key]) => !new RegExp(`[.{,]\\s*${key}\\b|'${key}'`).test(sources))
          .map(([, key]) => `${path}: ${key}`),
      )
  },
  broken: { [`${ENGLISH}keys.ts`]: "export const messages = {\n  title: 'Keys',\n}", [page]: '' },
  good: {
    [`${ENGLISH}keys.ts`]: "export const messages = {\n  title: 'Keys',\n  'not-found': 'None',\n}",
    [page]: "<h1>{messages.title}</h1>{messages[keys ? 'found' : 'not-found']}",
  },
}

export const panelRules: Rule[] = [
  messagesOfPages,
  noSchemas,
  knownPaths,
  pathsHavePages,
  colours,
  styles,
  translated,
  usedMessages,
]

import adapter from '@sveltejs/adapter-node'
import type { Adapter } from '@sveltejs/kit'
import { sveltekit } from '@sveltejs/kit/vite'
import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'vite'

/** Where `pnpm dev` at the root listens: the gateway of the panel's dev server. */
const DEV_GATEWAY = 'http://127.0.0.1:8080'

// Outside this folder: svelte-check would take the bundles for modules of ours. scripts/build-panel.mjs
// moves it to a folder of its own.
const out = '../../dist/panel/next'

/** adapter-node, and the platform that the mount of serve/ gives, for the dev server. */
function panelAdapter(): Adapter {
  const platform = {
    apiUrls: [DEV_GATEWAY],
    gatewayFailed: () => undefined,
    callerStamp: undefined,
    // The dev server tells faults by itself.
    report: () => undefined,
  }
  return { ...adapter({ out }), emulate: () => ({ platform: () => asPlatform(platform) }) }
}

// adapter-node adds `req` to the platform; our mount takes its place and gives none.
const asPlatform = (platform: object) => platform as App.Platform

/**
 * Left alone, each module that two pages share is a file of its own: fifty requests for a login. What
 * every page needs is one file; forms and the shell have theirs; the rest stays with its pages. The
 * lists are by name and not by how many pages share a thing, so that a new page makes no other heavier.
 */
const chunkGroups = [
  {
    name: 'frame',
    test: /rolldown[\\/]runtime|[\\/]node_modules[\\/](svelte|devalue|esm-env|clsx)[\\/]|[\\/]kit[\\/]src[\\/](?!.*entry\.js$)/,
    minShareCount: 8,
    priority: 3,
  },
  {
    name: 'house',
    test: /[\\/]src[\\/]lib[\\/](format|paths)\.ts|[\\/]lib[\\/](i18n|site|session)[\\/]?[a-z.-]*\.ts|[\\/]packages[\\/]kernel[\\/]src[\\/](?!random)|[\\/]lib[\\/]ui[\\/](Button|tooltip)\.|[\\/]svelte[\\/]dist[\\/](Icon|utils)/,
    minShareCount: 2,
    priority: 2,
  },
  {
    name: 'choices',
    test: /[\\/]lib[\\/](site|auth|ui)[\\/](LanguageSelect|ThemeChoice|Select|Segmented|Field|TextInput|PasswordInput|FormNoteLine|plain-form|IconButton|ErrorNote|field)|icons[\\/](sun|moon|monitor|eye|eye-off|chevron-down|circle-alert)\./,
    minShareCount: 2,
    priority: 2,
  },
  {
    name: 'shell',
    test: /[\\/]lib[\\/](api[\\/](create-api|act-api)|shell[\\/](Shell|TopBar|RailNav|HealthDot|Mark|[a-z-]+\.ts)|ui[\\/](PageHeader|StateDot|Menu|Kbd|IdText|copy-text)\.)|contracts[\\/]src[\\/]control/,
    minShareCount: 2,
    priority: 1,
  },
]

/** Code that no browser runs, by the end of its path, and what is left of it there. */
const lean: [end: string, cut: (code: string) => string][] = [
  // What only the OpenAPI page says of each route.
  [
    'contracts/src/control/routes.ts',
    (code) => code.replaceAll(/\bsummary: *(?:"[^"]*"|'[^']*'),?/g, ''),
  ],
  // Custom elements, of which the panel has none; the module keeps itself alive by a class at its top.
  [
    'svelte/src/internal/client/dom/elements/custom-element.js',
    () => 'export const create_custom_element = undefined',
  ],
  // What an icon may be asked for beside its size and class, which nobody here asks for.
  [
    'svelte/dist/utils/buildLucideIconNode.js',
    () => `import attributes from './defaultAttributes.js'
      export default ({ name, node }, { color, width, height, strokeWidth, className, hasA11yProp, attributes: more }) => [
        'svg',
        {
          ...attributes,
          stroke: color,
          width,
          height,
          'stroke-width': strokeWidth,
          class: 'lucide lucide-' + name + ' ' + className,
          ...(hasA11yProp ? {} : { 'aria-hidden': 'true' }),
          ...more,
        },
        node,
      ]`,
  ],
  // Writing values as source, which is the server's part.
  [
    'kit/src/runtime/app/internal/transport.js',
    (code) => code.replaceAll(/devalue\.uneval\([^()]*\)/g, "''"),
  ],
]

/** Eight kilobytes of the base page's sixty. */
const leanClient = {
  name: 'lean-client',
  applyToEnvironment: ({ name }: { name: string }) => name === 'client',
  transform(code: string, id: string) {
    const cut = lean.find(([end]) => id.endsWith(end))?.[1]
    return cut === undefined ? undefined : { code: cut(code), map: null }
  },
}

export default defineConfig({
  plugins: [
    tailwindcss(),
    leanClient,
    sveltekit({
      adapter: panelAdapter(),
      // Which page an address is, the server tells: thirty more pages add nothing to the first one.
      router: { resolution: 'server' },
      // What a page asks for lies where it lies, however many slashes an address seems to have.
      paths: { relative: false },
      // Small style sheets travel inside the page, under its nonce.
      inlineStyleThreshold: 5_000,
      csp: {
        mode: 'nonce',
        directives: {
          'default-src': ['none'],
          'script-src': ['self'],
          'style-src': ['self'],
          // Attributes only: a bar's length, a layer's place. They style the element that they stand on
          // and can fetch nothing (img-src); a <style> of another's making still does nothing.
          'style-src-attr': ['unsafe-inline'],
          'img-src': ['self', 'data:', 'blob:'],
          'font-src': ['self'],
          'connect-src': ['self'],
          'manifest-src': ['self'],
          'form-action': ['self'],
          'base-uri': ['none'],
          'frame-ancestors': ['none'],
          'object-src': ['none'],
        },
      },
    }),
  ],
  environments: {
    client: { build: { rolldownOptions: { output: { codeSplitting: { groups: chunkGroups } } } } },
  },
  // The built server lies where no node_modules are, so it brings everything along.
  ssr: { noExternal: [/.*/] },
  server: { proxy: { '^/(api|v1|p)/': DEV_GATEWAY } },
})

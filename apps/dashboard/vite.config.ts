import adapter from '@sveltejs/adapter-node'
import type { Adapter } from '@sveltejs/kit'
import { sveltekit } from '@sveltejs/kit/vite'
import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'vite'

/** Address of the gateway started by `pnpm dev` at the root; used by the panel's dev server. */
const DEV_GATEWAY = 'http://127.0.0.1:8080'

// Outside this folder, because svelte-check would check the bundles. scripts/build-panel.mjs moves it to its
// final folder.
const out = '../../dist/panel/next'

/** adapter-node, with the platform object of serve/ also for the dev server. */
function panelAdapter(): Adapter {
  const platform = {
    apiUrls: [DEV_GATEWAY],
    gatewayFailed: () => undefined,
    callerStamp: undefined,
    // The dev server reports errors itself.
    report: () => undefined,
  }
  return { ...adapter({ out }), emulate: () => ({ platform: () => asPlatform(platform) }) }
}

// adapter-node types a `req` on the platform; serve/ replaces that handler and sets none.
const asPlatform = (platform: object) => platform as App.Platform

/**
 * By default each module shared by two pages becomes a separate chunk: fifty requests for the login page.
 * So modules of every page are one chunk, forms and the shell have one each, the rest stays with its pages.
 * Groups list modules by name, not by number of pages, so that a new page does not make other pages heavier.
 */
const chunkGroups = [
  {
    name: 'frame',
    test: /rolldown[\\/]runtime|[\\/]node_modules[\\/](svelte|devalue|esm-env|clsx)[\\/]|[\\/]kit[\\/]src[\\/](?!.*entry\.js$)/,
    minShareCount: 8,
    priority: 3,
  },
  {
    name: 'common',
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
    test: /[\\/]lib[\\/](api[\\/](create-api|action-api)|shell[\\/](Shell|TopBar|RailNav|HealthDot|Mark|[a-z-]+\.ts)|ui[\\/](PageHeader|StateDot|Menu|Kbd|IdText|copy-text)\.)|contracts[\\/]src[\\/]control/,
    minShareCount: 2,
    priority: 1,
  },
]

/** Code that the browser does not need: the end of the module's path and how to cut it. */
const lean: [end: string, cut: (code: string) => string][] = [
  // Route summaries, used by the OpenAPI page only.
  [
    'contracts/src/control/routes.ts',
    (code) => code.replaceAll(/\bsummary: *(?:"[^"]*"|'[^']*'),?/g, ''),
  ],
  // Custom elements, unused by the panel; a top-level class prevents tree shaking of the module.
  [
    'svelte/src/internal/client/dom/elements/custom-element.js',
    () => 'export const create_custom_element = undefined',
  ],
  // Icon options other than size and class, unused by the panel.
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
  // Serialising values as source, done on the server only.
  [
    'kit/src/runtime/app/internal/transport.js',
    (code) => code.replaceAll(/devalue\.uneval\([^()]*\)/g, "''"),
  ],
]

/** Saves 8 of the base page's 60 KB. */
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
      // The server resolves routes, so the route table is not part of the first page.
      router: { resolution: 'server' },
      // Absolute asset paths, so that extra slashes in an address do not break them.
      paths: { relative: false },
      // Small style sheets are inlined in the page, with its nonce.
      inlineStyleThreshold: 5_000,
      csp: {
        mode: 'nonce',
        directives: {
          'default-src': ['none'],
          'script-src': ['self'],
          'style-src': ['self'],
          // Attributes only: a bar's length, a layer's position. They style their own element and can
          // fetch nothing (img-src); an injected <style> stays blocked.
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
  // The built server runs without node_modules, so all dependencies are bundled.
  ssr: { noExternal: [/.*/] },
  server: { proxy: { '^/(api|v1|p)/': DEV_GATEWAY } },
})

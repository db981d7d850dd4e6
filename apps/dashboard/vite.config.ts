import adapter from '@sveltejs/adapter-node'
import type { Adapter } from '@sveltejs/kit/adapter'
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
    apiUrl: DEV_GATEWAY,
    forwardedFor: '127.0.0.1',
    // The dev server tells faults by itself.
    report: () => undefined,
  }
  return { ...adapter({ out }), emulate: () => ({ platform: () => platform }) }
}

export default defineConfig({
  plugins: [
    tailwindcss(),
    sveltekit({
      adapter: panelAdapter(),
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
  // The built server lies where no node_modules are, so it brings everything along.
  ssr: { noExternal: [/.*/] },
  server: { proxy: { '^/(api|v1|p)/': DEV_GATEWAY } },
})

import adapter from '@sveltejs/adapter-node'
import { sveltekit } from '@sveltejs/kit/vite'
import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'vite'

// Outside this folder: svelte-check would take the bundles for modules of ours.
const out = '../../dist/panel'

export default defineConfig({
  plugins: [tailwindcss(), sveltekit({ adapter: adapter({ out }) })],
  // The built server lies where no node_modules are, so it brings everything along.
  ssr: { noExternal: [/.*/] },
})

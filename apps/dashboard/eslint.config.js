import svelte from 'eslint-plugin-svelte'
import { parser } from 'typescript-eslint'

// Markup and the scripts inside it; .ts files are oxlint's, as everywhere in the house.
export default [
  { ignores: ['.svelte-kit/', '**/*.ts'] },
  ...svelte.configs.recommended,
  ...svelte.configs.prettier,
  {
    files: ['**/*.svelte'],
    languageOptions: { parserOptions: { parser, extraFileExtensions: ['.svelte'] } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'no-var': 'error',
      'no-restricted-imports': [
        'error',
        {
          // A barrel brings all of it, and zod stays on the server.
          paths: ['@lucide/svelte', 'sveltekit-superforms', 'zod'].map((name) => ({
            name,
            allowTypeImports: true,
            message: 'Import by path: `@lucide/svelte/icons/x`, `sveltekit-superforms/client`.',
          })),
          patterns: [
            {
              group: ['@sluice/contracts/*'],
              allowTypeImports: true,
              message: 'Schemas carry zod: import types, or plain values in a .ts file.',
            },
          ],
        },
      ],
      'svelte/no-at-html-tags': 'error',
      'svelte/no-inline-styles': 'off',
      'svelte/require-each-key': 'error',
      'svelte/button-has-type': 'error',
      'svelte/no-target-blank': ['error', { enforceDynamicLinks: 'never' }],
      // The house writes the reason behind the code, which the rule takes for more codes.
      'svelte/no-unused-svelte-ignore': 'off',
      // Sets that live for one call need no signals.
      'svelte/prefer-svelte-reactivity': 'off',
      // Links are functions of lib/paths.ts; the panel lives at the root of its host.
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
]

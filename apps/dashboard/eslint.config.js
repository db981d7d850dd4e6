import svelte from 'eslint-plugin-svelte'
import { parser } from 'typescript-eslint'

// Markup and the scripts inside it; .ts files are linted by oxlint, as everywhere in the repository.
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
          // The barrel imports everything including zod, which must stay out of the browser.
          paths: ['@lucide/svelte', 'sveltekit-superforms', 'zod'].map((name) => ({
            name,
            allowTypeImports: true,
            message: 'Import by path: `@lucide/svelte/icons/x`, `sveltekit-superforms/client`.',
          })),
          patterns: [
            {
              group: [
                '@sluice/contracts/*',
                '!@sluice/contracts/control',
                '@sluice/contracts/control/*',
                // These import nothing.
                '!@sluice/contracts/control/password-length',
                '!@sluice/contracts/dialects',
              ],
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
      // This repository writes the reason after the code, which the rule would parse as further codes.
      'svelte/no-unused-svelte-ignore': 'off',
      // Sets local to one call need no reactivity.
      'svelte/prefer-svelte-reactivity': 'off',
      // Links are functions of lib/paths.ts; the panel lives at the root of its host.
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
]

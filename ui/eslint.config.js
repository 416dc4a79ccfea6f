import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

const onlyPlatform =
  'Only src/lib/platform talks to the outside; add it to the Platform interface.';

export default ts.config(
  { ignores: ['build/', '.svelte-kit/', 'src/lib/paraglide/', 'src/lib/platform/generated/'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node, __GALLERY__: 'readonly' } },
    rules: {
      'no-undef': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_$' }
      ],
      // Addresses come from app/paths.ts; the app always lives at the root of its origin.
      'svelte/no-navigation-without-resolve': 'off',
      '@typescript-eslint/consistent-type-imports': 'error'
    }
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts', '**/*.svelte.js'],
    languageOptions: {
      parserOptions: { extraFileExtensions: ['.svelte'], parser: ts.parser, svelteConfig }
    }
  },
  {
    files: ['src/**'],
    ignores: ['src/lib/platform/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'fetch', message: onlyPlatform },
        { name: 'EventSource', message: onlyPlatform },
        { name: 'localStorage', message: onlyPlatform },
        { name: 'sessionStorage', message: onlyPlatform }
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: '@lucide/svelte', message: 'Import one icon: @lucide/svelte/icons/NAME.' }
          ],
          patterns: [{ group: ['@tauri-apps/*'], message: onlyPlatform }]
        }
      ]
    }
  },
  { files: ['scripts/**'], rules: { 'no-console': 'off' } }
);

// Separate from vite.config.ts: vitest with sveltekit() and paraglide's plugin does not exit.
// `npm test` compiles the messages first.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  define: { __GALLERY__: 'false' },
  resolve: {
    alias: {
      $lib: here('./src/lib'),
      '$app/navigation': here('./src/test/app-navigation.ts'),
      '$app/state': here('./src/test/app-state.svelte.ts'),
      '$app/paths': here('./src/test/app-paths.ts')
    }
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts', 'scripts/**/*.test.js'],
    setupFiles: ['./src/test/setup.ts'],
    restoreMocks: true
  }
});

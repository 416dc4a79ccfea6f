import { readFileSync } from 'node:fs';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';
import strictStatic from './scripts/strict-static.js';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  compilerOptions: {
    runes: ({ filename }) => (filename.includes('node_modules') ? undefined : true)
  },
  kit: {
    adapter: strictStatic({ output: 'build', fallback: 'index.html' }),
    // A fixed name keeps two builds of one commit identical; the default is the time of day.
    version: { name: version },
    // The platform registers it itself: in a browser only, and after the first page.
    serviceWorker: { register: false, files: (file) => file !== 'robots.txt' }
  }
};

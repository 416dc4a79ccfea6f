/**
 * What a first visit to each route downloads as JavaScript, gzipped: the entry, the layout and the page with everything
 * they import statically. Fails above the budget, so that a heavy import is seen the day it is made. Run after a build.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const BUDGET_KB = 80;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const client = join(root, '.svelte-kit/output/client');
/** @typedef {{ file: string, imports?: string[], dynamicImports?: string[], name?: string, src?: string }} Chunk */
/** @type {Record<string, Chunk>} */
const manifest = JSON.parse(readFileSync(join(client, '.vite/manifest.json'), 'utf8'));

/**
 * @param {string} key
 * @param {Set<string>} seen
 */
function collect(key, seen) {
  const chunk = manifest[key];
  if (!chunk || seen.has(chunk.file)) return;
  seen.add(chunk.file);
  for (const next of chunk.imports ?? []) collect(next, seen);
}

/** @param {Iterable<string>} files */
function gzipped(files) {
  let total = 0;
  for (const file of files) {
    if (file.endsWith('.js')) total += gzipSync(readFileSync(join(client, file))).length;
  }
  return total / 1024;
}

/** @param {(key: string, chunk: Chunk) => boolean} test */
function keysWhere(test) {
  return Object.entries(manifest)
    .filter(([key, chunk]) => test(key, chunk))
    .map(([key]) => key);
}

const always = keysWhere(
  (key, chunk) =>
    /entry\/(start|app)\./.test(chunk.file) ||
    /nodes\/0\./.test(chunk.file) ||
    key.endsWith('platform/browser.ts')
);

/** Route names by node number, from the dictionary in SvelteKit's generated client. */
const app = readFileSync(join(root, '.svelte-kit/generated/client-optimized/app.js'), 'utf8');
const dictionary = /export const dictionary = (\{[\s\S]*?\});/.exec(app)?.[1] ?? '{}';
const routes = [...dictionary.matchAll(/"([^"]+)": \[~?(\d+)/g)];

let worst = 0;
for (const [, route = '', node] of routes) {
  /** @type {Set<string>} */
  const files = new Set();
  for (const key of always) collect(key, files);
  for (const key of keysWhere((_, chunk) => chunk.file.includes(`nodes/${node}.`))) {
    collect(key, files);
  }
  const size = gzipped(files);
  worst = Math.max(worst, size);
  console.log(`${size.toFixed(1).padStart(6)} kB  ${route}`);
}
const all = gzipped(new Set(Object.values(manifest).map((chunk) => chunk.file)));
console.log(`${all.toFixed(1).padStart(6)} kB  whole app`);
if (routes.length === 0 || worst > BUDGET_KB) {
  console.error(`over the budget of ${BUDGET_KB} kB per route`);
  process.exit(1);
}

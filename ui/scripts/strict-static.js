/**
 * adapter-static, and then one more step: SvelteKit starts the app from an inline <script>. This
 * moves that script into a file of its own, so that the built page holds no inline script and works
 * under the plain policy `script-src 'self'`: no hash to hand to the server or the shell, and none
 * to fall out of step. Last it tells the service worker that file's name and a digest of the whole
 * build, so that the worker changes whenever anything does. A <meta> policy states it in the page itself, for hosts that send no header.
 *
 * What a host may send as its header (the shell adds its IPC origins to connect-src):
 *   default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline';
 *   font-src 'self'; img-src 'self' data: blob: https:; connect-src 'self'; worker-src 'self';
 *   manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
 * style-src-attr is for SvelteKit's route announcer, which carries a style attribute.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import adapterStatic from '@sveltejs/adapter-static';

const WORKER = 'service-worker.js';
const META_POLICY = "script-src 'self'; object-src 'none'; base-uri 'none'";

/**
 * @param {string} html
 * @returns {{ html: string, script: string }} the page without its inline script, and the script
 */
export function extractInlineScript(html) {
  const blocks = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)];
  if (blocks.length !== 1) {
    throw new Error(`expected exactly one inline script in the built page, found ${blocks.length}`);
  }
  const [block] = blocks;
  return { html: html.replace(block[0], '%boot%'), script: block[1].trim() };
}

/**
 * @param {string} worker
 * @param {Record<string, string>} names what stands in the worker, and what is to stand there
 */
export function stamp(worker, names) {
  return Object.entries(names).reduce((text, [name, value]) => {
    if (text.split(name).length !== 2) {
      throw new Error(`expected ${name} exactly once in the built service worker`);
    }
    return text.replace(name, value);
  }, worker);
}

/** @param {string} folder a digest of all files in it but the worker */
function digestOf(folder) {
  const hash = createHash('sha256');
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== WORKER)
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  for (const name of names.sort())
    hash.update(name.slice(folder.length)).update(readFileSync(name));
  return hash.digest('base64url').slice(0, 16);
}

/**
 * @param {{ output: string, fallback: string }} options
 * @returns {import('@sveltejs/kit').Adapter}
 */
export default function strictStatic({ output, fallback }) {
  const inner = adapterStatic({ pages: output, assets: output, fallback, strict: false });
  return {
    name: 'strict-static',
    async adapt(builder) {
      await inner.adapt(builder);
      const page = join(output, fallback);
      const { html, script } = extractInlineScript(readFileSync(page, 'utf8'));
      const hash = createHash('sha256').update(script).digest('base64url').slice(0, 10);
      const file = `_app/immutable/boot.${hash}.js`;
      writeFileSync(join(output, file), `${script}\n`);
      writeFileSync(
        page,
        html
          .replace('%boot%', `<script src="/${file}"></script>`)
          .replace(
            '<head>',
            `<head>\n    <meta http-equiv="content-security-policy" content="${META_POLICY}" />`
          )
      );
      const worker = join(output, WORKER);
      const names = { SHELL_BOOT: `/${file}`, SHELL_DIGEST: digestOf(output) };
      writeFileSync(worker, stamp(readFileSync(worker, 'utf8'), names));
    }
  };
}

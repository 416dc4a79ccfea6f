/** Where the tools come from: the UI's own modules, a Chromium, a server program, a built UI. Each can be named otherwise. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

const modules = resolve(process.env.MATINEE_UI_MODULES ?? join(root, 'ui/node_modules'));
const require = createRequire(join(modules, 'noop.js'));

export const { chromium } = require('playwright-core');
export const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const browserPath = process.env.MATINEE_CHROMIUM ?? '/usr/bin/chromium';
export const serverPath = resolve(
  process.env.MATINEE_SERVER_BIN ?? join(root, 'target/debug/matinee-server')
);
export const uiFolder = resolve(process.env.MATINEE_UI ?? join(root, 'ui/build'));
export const openidModules = resolve(
  process.env.MATINEE_OPENID_MODULES ?? join(root, 'target/tools/openid/node_modules')
);
export const evidence = join(root, 'target/browser');

export function checkTools() {
  const missing = [
    [browserPath, 'a Chromium (MATINEE_CHROMIUM)'],
    [serverPath, 'the booking server (MATINEE_SERVER_BIN), from `cargo build -p matinee-server`'],
    [join(openidModules, 'oidc-provider'), 'an OpenID provider (MATINEE_OPENID_MODULES)'],
    [join(uiFolder, 'index.html'), 'the built UI (MATINEE_UI), from `npm run build` in ui/']
  ].filter(([path]) => !existsSync(path));
  for (const [path, what] of missing) console.error(`missing: ${path}: ${what}`);
  if (missing.length > 0) process.exit(2);
}

const read = (language) =>
  Object.assign(
    {},
    ...readdirSync(join(root, 'ui/messages', language))
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(join(root, 'ui/messages', language, name), 'utf8')))
  );
const messages = Object.fromEntries(readdirSync(join(root, 'ui/messages')).map((language) => [language, read(language)]));

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * The text of a message, English unless said otherwise, as a pattern in which what is not given may be anything. Tests name messages by their
 * key, so that a better wording does not break them and a missing one does.
 */
export function say(key, given = {}, { whole = true, language = 'en' } = {}) {
  const message = messages[language][key];
  if (message === undefined) throw new Error(`no message named ${key}`);
  const texts = typeof message === 'string' ? [message] : message.flatMap((m) => Object.values(m.match));
  const patterns = texts.map((text) =>
    text
      .split(/(\{[^}]+\})/)
      .map((part) => {
        const name = /^\{(.+)\}$/.exec(part)?.[1];
        if (name === undefined) return escaped(part);
        return name in given ? escaped(String(given[name])) : '.+';
      })
      .join('')
  );
  const either = `(?:${patterns.join('|')})`;
  return new RegExp(whole ? `^\\s*${either}\\s*$` : either);
}

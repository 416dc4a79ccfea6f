/**
 * Holds JSON-LD against what others say of it: a JSON-LD processor reads it, TypeScript's compiler compares each node with
 * schema-dts (Google's types of schema.org's published vocabulary: which property belongs to which type, and what it may
 * hold), and what Google's page on events asks for has to be there
 * (https://developers.google.com/search/docs/appearance/structured-data/event).
 *
 * Reads a JSON array of documents from its input; says what is wrong, one line each, and ends with 1. Its packages are in
 * the folder of the first argument. Left out: whether an address answers, and values only people can judge.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const modules = process.argv[2];
const require = createRequire(join(modules, 'here.js'));
const ts = require('typescript');
const jsonld = require('jsonld');

/** The vocabulary's own context: every word is one of its terms, and these hold addresses. */
const CONTEXT = {
  '@vocab': 'https://schema.org/',
  ...Object.fromEntries(
    ['url', 'image', 'eventStatus', 'eventAttendanceMode', 'availability'].map((name) => [name, { '@type': '@id' }])
  )
};

const wrong = [];

async function expanded(document) {
  const documentLoader = (url) => {
    if (!/^https:\/\/schema\.org\/?$/.test(url)) throw new Error(`another context: ${url}`);
    return { contextUrl: null, documentUrl: url, document: { '@context': CONTEXT } };
  };
  try {
    // Safe: what a processor would silently drop is an error.
    return await jsonld.expand(document, { documentLoader, base: null, safe: true });
  } catch (error) {
    wrong.push(`JSON-LD: ${error.message} ${JSON.stringify(error.details ?? {})}`);
    return [];
  }
}

/** Types of schema-dts, and each node as a value of its own. */
function compared(nodes) {
  const names = [...new Set(nodes.map((node) => String(node['@type'])))];
  const text = [
    `import type { ${names.join(', ')} } from 'schema-dts';`,
    ...nodes.map((node, number) => `export const n${number}: ${node['@type']} = ${JSON.stringify(node)};`)
  ].join('\n');
  const name = join(modules, 'structured.ts');
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => file === name || fileExists(file);
  host.readFile = (file) => (file === name ? text : readFile(file));
  host.getSourceFile = (file, target, ...rest) =>
    file === name ? ts.createSourceFile(file, text, target) : getSourceFile(file, target, ...rest);
  for (const found of ts.getPreEmitDiagnostics(ts.createProgram([name], options, host)))
    wrong.push(`schema.org: ${ts.flattenDiagnosticMessageText(found.messageText, ' ').slice(0, 600)}`);
}

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
const isAddress = (value) => typeof value === 'string' && /^https?:$/.test(URL.parse?.(value)?.protocol ?? new URL(value).protocol);

function wantedByGoogle(node) {
  const lacks = (what) => wrong.push(`Google: ${node['@type']} ${node['@id']} lacks ${what}`);
  const text = (value) => typeof value === 'string' && value.trim() !== '';
  if (!isAddress(node.url ?? '')) lacks('an address of its own');
  if (!text(node.name)) lacks('a name');
  if (node['@type'] === 'MovieTheater' && !node.address) lacks('an address');
  if (node['@type'] !== 'ScreeningEvent') return;
  const { startDate, endDate, location, offers, eventStatus, eventAttendanceMode } = node;
  if (!DATE_TIME.test(startDate)) lacks('a start with its offset');
  if (!DATE_TIME.test(endDate)) lacks('an end with its offset');
  if (!(new Date(startDate) < new Date(endDate))) lacks('an end after its start');
  if (!text(location?.name)) lacks("the place's name");
  const { streetAddress, addressLocality, addressCountry } = location?.address ?? {};
  if (![streetAddress, addressLocality, addressCountry].every(text)) lacks("the place's address");
  if (eventStatus !== 'https://schema.org/EventScheduled') lacks('its status');
  if (!/EventAttendanceMode$/.test(eventAttendanceMode ?? '')) lacks('how one attends');
  if (!/^\d+(\.\d+)?$/.test(offers?.price ?? '')) lacks('a price');
  if (!/^[A-Z]{3}$/.test(offers?.priceCurrency ?? '')) lacks('a currency');
  if (!isAddress(offers?.url ?? '')) lacks('where to buy');
  if (!/^https:\/\/schema\.org\/(InStock|SoldOut)$/.test(offers?.availability ?? '')) lacks('whether it is sold out');
}

let text = '';
for await (const chunk of process.stdin) text += chunk;
const documents = JSON.parse(text);
const nodes = documents.flatMap((document) => document['@graph']);
for (const document of documents) {
  const found = await expanded(document);
  const types = found.flatMap((node) => node['@type'] ?? []);
  if (types.length !== document['@graph'].length || !types.every((type) => type.startsWith('https://schema.org/')))
    wrong.push(`JSON-LD: ${types.join(', ') || 'nothing'} is left of ${document['@graph'].length} nodes`);
}
compared(nodes);
nodes.forEach(wantedByGoogle);
console.log(`${nodes.length} nodes: ${[...new Set(nodes.map((node) => node['@type']))].join(', ')}`);
for (const line of wrong) console.error(line);
process.exitCode = wrong.length > 0 ? 1 : 0;

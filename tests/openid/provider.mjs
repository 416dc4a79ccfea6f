/**
 * A real OpenID provider for the tests: npm's oidc-provider with one client, code flow, PKCE demanded. Its log-in page is
 * an address that signs in whom `login_hint` names, so that a test walks the same redirects a browser does.
 *
 * Started as `node provider.mjs PORT CLIENT_SECRET REDIRECT_URI`; says `ready` when it listens. Below /test/ it can be told
 * to behave badly: that is what the tests are about.
 */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [port, secret, redirect] = process.argv.slice(2);
const require = createRequire(join(process.env.MATINEE_OPENID_MODULES, 'noop.js'));
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')).href);

const issuer = `http://127.0.0.1:${port}`;
/** Accounts by login hint: made by PUT /test/accounts/NAME with their claims. */
const accounts = new Map();
/** What it does wrong: `error` is 503 to everything. */
let wrong = null;
/** Who signs in without a hint. */
let usual = null;

/** Another one at each start, as providers change theirs from time to time. */
function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

const provider = new Provider(issuer, {
  jwks: { keys: [signingKey()] },
  clients: [
    {
      client_id: 'matinee',
      client_secret: secret,
      redirect_uris: [redirect],
      grant_types: ['authorization_code'],
      response_types: ['code']
    }
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  cookies: { keys: ['only for tests'] },
  features: { devInteractions: { enabled: false } },
  pkce: { required: () => true },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, ...accounts.get(id) })
  }),
  // Nobody is asked whether Matinee may know their address.
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId
    });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  }
});
provider.on('server_error', (_ctx, error) => console.error(error));

const handle = provider.callback();

async function interact(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const account = params.login_hint ?? usual;
  const result = account
    ? { login: { accountId: account } }
    : { error: 'access_denied', error_description: 'nobody signed in' };
  await provider.interactionFinished(request, response, result, {
    mergeWithLastSubmission: false
  });
}

async function told(request, response, url) {
  let body = '';
  for await (const chunk of request) body += chunk;
  const [, , what, name] = url.pathname.split('/');
  if (what === 'accounts') accounts.set(decodeURIComponent(name), JSON.parse(body));
  if (what === 'wrong') wrong = body || null;
  if (what === 'usual') usual = body || null;
  response.writeHead(204).end();
}

createServer(async (request, response) => {
  const url = new URL(request.url, issuer);
  try {
    if (url.pathname.startsWith('/test/')) return await told(request, response, url);
    if (wrong === 'error') return response.writeHead(503).end('busy');
    if (url.pathname.startsWith('/interaction/')) return await interact(request, response);
    return handle(request, response);
  } catch (error) {
    console.error(error);
    response.writeHead(500).end(String(error));
  }
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));

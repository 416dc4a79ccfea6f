/** The OpenID provider of tests/openid, as the peer of one server that is not started yet. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { openidModules, root } from './tools.mjs';

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

export class Provider {
  #child = null;
  issuer = '';

  /** Starts it, and tells the server where it is, and its own address and name, before it starts. */
  async startFor(server) {
    const [port, own] = [await freePort(), await freePort()];
    server.address = `http://127.0.0.1:${port}`;
    this.issuer = `http://127.0.0.1:${own}`;
    server.env = {
      MATINEE_PUBLIC_URL: server.named,
      MATINEE_OIDC_ISSUER: this.issuer,
      MATINEE_OIDC_CLIENT_ID: 'matinee',
      MATINEE_OIDC_CLIENT_SECRET: 'only for tests',
      MATINEE_OIDC_NAME: 'Example ID'
    };
    const redirect = `${server.named}/signin/callback`;
    const script = join(root, 'tests/openid/provider.mjs');
    const child = spawn(process.execPath, [script, String(own), 'only for tests', redirect], {
      env: { ...process.env, MATINEE_OPENID_MODULES: openidModules },
      stdio: ['ignore', 'pipe', 'pipe']
    });
    this.#child = child;
    process.once('exit', () => child.kill('SIGKILL'));
    let log = '';
    child.stderr.on('data', (bytes) => (log = (log + bytes).slice(-5000)));
    await new Promise((resolve, reject) => {
      child.stdout.on('data', (bytes) => String(bytes).includes('ready') && resolve());
      child.once('exit', (code) => reject(new Error(`the provider ended with ${code}\n${log}`)));
    });
  }

  /** Makes an account that signs in from now on, by itself; none breaks sign-ins off. */
  async signsIn(name, claims) {
    const put = (path, body) => fetch(`${this.issuer}/test/${path}`, { method: 'PUT', body });
    if (name) await put(`accounts/${name}`, JSON.stringify(claims));
    await put('usual', name ?? '');
  }

  async end() {
    this.#child?.kill('SIGKILL');
  }
}

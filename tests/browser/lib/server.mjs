/** One booking server of its own on a free port, with the demo data or empty, stopped by its process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverPath, uiFolder } from './tools.mjs';

const START_MS = 90_000;

export class Server {
  #child = null;
  #args;
  #ui;
  #demo;
  log = '';
  address = '';

  constructor({ args = [], ui = uiFolder, demo = true } = {}) {
    this.env = {};
    this.folder = mkdtempSync(join(tmpdir(), 'matinee-browser-'));
    this.#args = args;
    this.#ui = ui;
    this.#demo = demo;
  }

  /** The first start takes any free port, a later one the same again, so that open pages find it. */
  async start() {
    const listen = this.address ? new URL(this.address).host : '127.0.0.1:0';
    const database = `sqlite:${join(this.folder, 'm.db')}`;
    const fixed = ['serve', '--listen', listen, '--database', database, '--ui', this.#ui];
    const filled = this.#demo ? ['--demo'] : ['--gateway', 'sandbox'];
    const child = spawn(serverPath, [...fixed, ...filled, ...this.#args], {
      env: { ...process.env, MATINEE_RATE_LIMIT: 'off', ...this.env },
      stdio: ['ignore', 'pipe', 'pipe']
    });
    this.#child = child;
    process.once('exit', () => child.kill('SIGKILL'));
    child.stderr.on('data', (bytes) => (this.log = (this.log + bytes).slice(-20_000)));
    this.address = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the server did not start\n${this.log}`)), START_MS);
      let out = '';
      child.stdout.on('data', (bytes) => {
        out += bytes;
        const found = /listening on (http:\/\/\S+)/.exec(out);
        if (found) {
          clearTimeout(timer);
          resolve(found[1]);
        }
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`the server ended with ${code}\n${this.log}`));
      });
    });
    return this;
  }

  /** The same site by its name: passkeys belong to a name, never to an address. */
  get named() {
    return `http://localhost:${new URL(this.address).port}`;
  }

  async stop() {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 12_000);
    await ended;
    clearTimeout(timer);
  }

  async end() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  mails() {
    const folder = join(this.folder, 'mail');
    try {
      return readdirSync(folder)
        .filter((name) => name.endsWith('.eml'))
        .map((name) => readFileSync(join(folder, name), 'utf8'));
    } catch {
      return [];
    }
  }
}

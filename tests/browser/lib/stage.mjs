/**
 * The browser and what is watched in it. Every page's console, exceptions, refused policies and failed requests are kept;
 * a test that did not expect one of them has failed.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserPath, chromium, evidence } from './tools.mjs';

export const sizes = {
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
  tablet: { viewport: { width: 800, height: 1180 }, hasTouch: true },
  desktop: { viewport: { width: 1280, height: 800 } }
};

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'
];
const STEP_MS = 8000;

export class Stage {
  /** More flags are for what only some tests need, such as a camera that is a film. */
  static async open(flags = []) {
    const profile = mkdtempSync(join(tmpdir(), 'matinee-profile-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: browserPath,
      args: [...FLAGS, ...flags],
      headless: true
    });
    return new Stage(context, profile);
  }

  constructor(context, profile) {
    this.keeper = context;
    this.browser = context.browser();
    this.profile = profile;
  }

  async close() {
    await this.keeper.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}

/** One test's browser windows: each person is a context of their own, with nothing shared. */
export class Scene {
  people = [];
  trouble = [];
  log = [];
  #expected = [];

  constructor(stage, address, size) {
    this.stage = stage;
    this.address = address;
    this.size = size;
  }

  /** What the console may say in this test, such as the browser's own line for an answer of 402. */
  expect(...patterns) {
    this.#expected.push(...patterns);
  }

  async person({ size = this.size, theme = 'dark', settings = {}, ...options } = {}) {
    const context = await this.stage.browser.newContext({
      baseURL: this.address,
      colorScheme: theme,
      locale: 'en-GB',
      timezoneId: 'Europe/Berlin',
      reducedMotion: 'reduce',
      ...(typeof size === 'string' ? sizes[size] : size),
      ...options
    });
    context.setDefaultTimeout(STEP_MS);
    await context.addInitScript((kept) => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`CSP refused ${event.violatedDirective}: ${event.blockedURI || event.sample}`);
      });
      const name = 'matinee.settings';
      try {
        if (localStorage.getItem(name) === null) localStorage.setItem(name, JSON.stringify(kept));
      } catch {
        // A page without storage, such as about:blank.
      }
    }, settings);
    const page = await context.newPage();
    this.#watch(page);
    context.on('page', (other) => this.#watch(other));
    this.people.push({ context, page });
    return page;
  }

  #watch(page) {
    page.on('console', (message) => {
      const text = `${message.type()}: ${message.text()}`;
      this.log.push(`${text} (${message.location().url})`);
      if (message.type() === 'error' || message.type() === 'warning') this.trouble.push(text);
    });
    page.on('pageerror', (error) => {
      this.log.push(`exception: ${error.stack}`);
      this.trouble.push(`exception: ${error.message}`);
    });
    page.on('requestfailed', (request) => {
      this.log.push(`failed: ${request.method()} ${request.url()} ${request.failure()?.errorText}`);
    });
    page.on('response', (response) => {
      if (response.url().includes('/api/')) {
        this.log.push(`${response.status()} ${response.request().method()} ${response.url()}`);
      }
    });
  }

  unexpected() {
    return this.trouble.filter((text) => !this.#expected.some((pattern) => pattern.test(text)));
  }

  async keepEvidence(name, error) {
    mkdirSync(evidence, { recursive: true });
    const file = name.replace(/[^a-z0-9]+/gi, '-');
    for (const [index, { page }] of this.people.entries()) {
      const path = join(evidence, `${file}-${index + 1}.png`);
      await page.screenshot({ path, timeout: 5000 }).catch(() => undefined);
    }
    const addresses = this.people.map(({ page }) => page.url());
    writeFileSync(
      join(evidence, `${file}.log`),
      `${error.stack ?? error}\n\n${addresses.join('\n')}\n\n${this.log.join('\n')}\n`
    );
  }

  async close() {
    await Promise.all(this.people.map(({ context }) => context.close().catch(() => undefined)));
  }
}

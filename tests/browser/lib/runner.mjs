/** Runs tests side by side, each in its own scene, and prints a line for every one. */
import { Scene } from './stage.mjs';

const TEST_MS = 110_000;

export class Runner {
  passed = 0;
  failed = 0;

  constructor(stage, { only = '', lanes = 2 } = {}) {
    this.stage = stage;
    this.only = only;
    this.lanes = lanes;
  }

  /** A test is { name, size?, world?, ms?, run(scene, world) }; those of one lane run after each other. */
  async run(tests) {
    const queue = tests.filter(({ name, size }) => `${name} ${size ?? ''}`.includes(this.only));
    const lane = async () => {
      for (let test = queue.shift(); test; test = queue.shift()) await this.#one(test);
    };
    await Promise.all(Array.from({ length: this.lanes }, lane));
  }

  async #one({ name, size, world, ms = TEST_MS, run }) {
    const title = size ? `${name} (${size})` : name;
    const scene = new Scene(this.stage, world.server.address, size ?? 'desktop');
    const started = Date.now();
    let timer;
    try {
      const late = new Promise((_, reject) => {
        const at = () => (scene.at ? `, at or after: ${scene.at}` : '');
        timer = setTimeout(() => reject(new Error(`still running after ${ms} ms${at()}`)), ms);
      });
      await Promise.race([run(scene, world), late]);
      const trouble = scene.unexpected();
      if (trouble.length > 0) throw new Error(`the console said:\n  ${trouble.join('\n  ')}`);
      this.passed += 1;
      console.log(`ok      ${title} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    } catch (error) {
      this.failed += 1;
      console.log(`FAILED  ${title}\n  ${String(error.message ?? error).replaceAll('\n', '\n  ')}`);
      await scene.keepEvidence(title, error);
    } finally {
      clearTimeout(timer);
      await scene.close();
    }
  }

  report() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    return this.failed === 0;
  }
}

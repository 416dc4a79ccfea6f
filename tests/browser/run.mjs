/**
 * The UI in a real browser against a real server: node tests/browser/run.mjs [--only TEXT] [--pictures
 * [--language de] [--part NAME]].
 * Needs a built UI and a built server; everything else it starts, and stops, itself. A failed test leaves a picture and
 * its console in target/browser/.
 */
import { account } from './flows/account.mjs';
import { door } from './flows/door.mjs';
import { opening } from './flows/first-day.mjs';
import { guest } from './flows/guest.mjs';
import { moves } from './flows/moves.mjs';
import { outage, stopping } from './flows/outage.mjs';
import { expiring, payment } from './flows/payment.mjs';
import { recovery } from './flows/recovery.mjs';
import { settingUp } from './flows/set-up.mjs';
import { staff } from './flows/staff.mjs';
import { surfaces } from './flows/surfaces.mjs';
import { together } from './flows/together.mjs';
import { tonight } from './flows/tonight.mjs';
import { waysIn } from './flows/ways-in.mjs';
import { worker } from './flows/worker.mjs';
import { Api, Programme } from './lib/api.mjs';
import { incomplete } from './lib/findings.mjs';
import { Provider } from './lib/provider.mjs';
import { Runner } from './lib/runner.mjs';
import { Server } from './lib/server.mjs';
import { Stage } from './lib/stage.mjs';
import { checkTools } from './lib/tools.mjs';
import { takePictures } from './pictures.mjs';

const argument = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : (process.argv[at + 1] ?? '');
};

async function world(server) {
  await server.start();
  const api = new Api(server);
  return { server, api, programme: await Programme.of(api) };
}

/** One test for each size it names. */
const each = (tests, there) =>
  tests.flatMap(({ sizes = [undefined], ...test }) => sizes.map((size) => ({ ...test, size, world: there })));

// A run that is broken off leaves nothing running: what it started ends with it.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

async function main() {
  checkTools();
  const started = Date.now();
  const [usual, hasty] = [new Server(), new Server({ args: ['--hold-minutes', '1'] })];
  const provider = new Provider();
  const stage = await Stage.open();
  const runner = new Runner(stage, { only: argument('--only') });
  try {
    if (process.argv.includes('--pictures')) {
      await takePictures(stage, await world(usual), { only: argument('--only'), language: argument('--language'), part: argument('--part') });
      return true;
    }
    await provider.startFor(usual);
    const [usualWorld, hastyWorld] = await Promise.all([world(usual), world(hasty)]);
    const others = [opening, guest, account, waysIn, payment, together, recovery, outage, worker, settingUp, staff, moves, tonight, door, surfaces].flat();
    // The waiting for a hold's end runs beside everything else; that server is stopped only afterwards.
    const waiting = new Runner(stage, { only: argument('--only'), lanes: 1 });
    const patience = waiting
      .run(each(expiring, hastyWorld))
      .then(() => waiting.run(each(stopping, hastyWorld)));
    await runner.run(each(others, { ...usualWorld, provider }));
    await patience;
    runner.passed += waiting.passed;
    runner.failed += waiting.failed;
  } finally {
    await stage.close();
    await Promise.all([usual.end(), hasty.end(), provider.end()]);
  }
  if (incomplete.size > 0) console.log(`axe left for a person to judge:\n  ${[...incomplete].sort().join('\n  ')}`);
  console.log(`took ${Math.round((Date.now() - started) / 1000)} s`);
  return runner.report();
}

process.exitCode = (await main()) ? 0 : 1;

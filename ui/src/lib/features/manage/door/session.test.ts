import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  PlatformError,
  type DoorCalls,
  type DoorList,
  type KeptList,
  type KeptScan,
  type OfflineScan,
  type RedeemAnswer
} from '$lib/platform';
import { toBase64Url } from './bytes';
import { DoorSession } from './session.svelte';

const keys = generateKeyPairSync('ed25519');
const REFERENCE = 'ABCDE-FGHJK';
const offline = () =>
  new PlatformError({ kind: 'offline', code: 'offline', title: '', detail: '' });

/** The server's side of a door, as far as these tests need it: one ticket, and what it was told. */
function house() {
  const world = {
    online: true,
    /** Answers are lost on the way back. */
    losesAnswers: false,
    redeemed: new Map<string, RedeemAnswer>(),
    first: null as string | null,
    told: [] as OfflineScan[],
    kept: new Map<string, KeptScan>(),
    lists: [] as KeptList[],
    /** The days whose lists were asked for. */
    days: [] as string[],
    now: Date.parse('2030-05-04T17:30:00Z'),
    skew: 0
  };
  const list: DoorList = {
    theater_id: 't',
    date: '2030-05-04',
    serial: 1,
    valid_from: '2030-05-04T00:00:00Z',
    valid_until: '2030-05-05T04:00:00Z',
    test_mode: false,
    shows: [
      {
        show_id: 's',
        movie_name: 'Alien',
        screen_name: 'One',
        start_time: '2030-05-04T18:00:00Z',
        end_time: '2030-05-04T20:00:00Z',
        doors_open_at: '2030-05-04T17:00:00Z',
        tickets: [
          {
            ticket_id: 'k1',
            revision: 1,
            seat_id: 'A-1',
            row: 'A',
            number: '1',
            ticket_type: 'standard',
            reference: REFERENCE,
            digest: 'd'
          }
        ]
      }
    ]
  };
  function answer(scan: string, verdict: 'admitted' | 'already'): RedeemAnswer {
    return {
      verdict,
      words: '',
      show: null,
      reference: REFERENCE,
      name: null,
      tickets: [
        {
          ticket_id: 'k1',
          seat_id: 'A-1',
          row: 'A',
          number: '1',
          area: '',
          ticket_type: 'standard',
          proof_needed: null,
          verdict,
          undo_until: null,
          first_scan: {
            scan_id: scan,
            scanned_at: new Date(world.now).toISOString(),
            door: 'North'
          }
        }
      ]
    };
  }
  const calls: DoorCalls = {
    redeem(_, _request, attempt) {
      if (!world.online) return Promise.reject(offline());
      let said = world.redeemed.get(attempt.key);
      if (!said) {
        said = answer(world.first ?? `server-${attempt.key}`, world.first ? 'already' : 'admitted');
        world.first ??= `server-${attempt.key}`;
        world.redeemed.set(attempt.key, said);
      }
      return world.losesAnswers ? Promise.reject(offline()) : Promise.resolve(said);
    },
    undoRedeem: (_, scan_id) => {
      world.first = null;
      return Promise.resolve({ scan_id, ticket_id: 'k1', first_scan: null });
    },
    doorList(_, day) {
      world.days.push(day);
      if (!world.online) return Promise.reject(offline());
      const payload = JSON.stringify(list);
      const signature = toBase64Url(sign(null, Buffer.from(payload), keys.privateKey));
      const public_key = keys.publicKey.export({ format: 'jwk' }).x ?? '';
      return Promise.resolve({
        list: { payload, signature, public_key, key_id: 'k' },
        as_of: new Date(world.now + world.skew).toISOString()
      });
    },
    tellScans(_, scans) {
      if (!world.online) return Promise.reject(offline());
      world.told.push(...scans);
      return Promise.resolve({
        taken: scans.length,
        known: 0,
        doubles: [{ ticket_id: 'k1', show_id: 's', scans: [] }],
        wrong: []
      });
    },
    keepList: (kept) => Promise.resolve(void world.lists.push(kept)),
    keptLists: () => Promise.resolve(world.lists),
    keepScan: (scan) => Promise.resolve(void world.kept.set(scan.scan.scan_id, scan)),
    keptScans: () => Promise.resolve([...world.kept.values()]),
    forgetScans: (ids) => Promise.resolve(ids.forEach((id) => world.kept.delete(id))),
    doorSettings: () => Promise.resolve(null),
    saveDoorSettings: () => Promise.resolve()
  };
  let scans = 0;
  const open = (online = () => world.online) =>
    new DoorSession(
      { theater_id: 't', theater_name: 'T', time_zone: 'Europe/Berlin' },
      { calls, online, now: () => world.now, uuid: () => `own-${(scans += 1)}` },
      { door: 'North', show_id: null }
    );
  return { world, list, open };
}

describe('a door at work', () => {
  it('asks the server while there is one, and keeps nothing', async () => {
    const { world, open } = house();
    const door = open();
    await door.refresh();
    await door.scan(REFERENCE);
    expect(door.outcome).toMatchObject({ offline: false, answer: { verdict: 'admitted' } });
    expect([world.kept.size, door.waiting]).toEqual([0, 0]);
  });

  it('goes on by its list without one, tells later, and shows doubles', async () => {
    const { world, open } = house();
    const door = open();
    await door.refresh();
    world.online = false;
    await door.scan(REFERENCE);
    expect(door.outcome).toMatchObject({ offline: true, answer: { verdict: 'admitted' } });
    expect(door.waiting).toBe(1);
    await door.scan(REFERENCE);
    expect(door.outcome?.answer.verdict).toBe('already');
    expect(door.waiting).toBe(1);
    world.online = true;
    await door.sync();
    expect(world.told.map(({ scan_id, verdict }) => [scan_id, verdict])).toEqual([
      ['own-1', 'admitted']
    ]);
    expect([door.waiting, door.doubles.length]).toEqual([0, 1]);
  });

  it('asks for the next day once it matters who comes early, not at midnight and not only at five', async () => {
    const { world, open } = house();
    const door = open();
    for (const now of ['2030-05-04T22:30:00Z', '2030-05-05T00:59:00Z', '2030-05-05T01:00:00Z']) {
      world.now = Date.parse(now);
      await door.refresh();
    }
    expect(world.days).toEqual(['2030-05-04', '2030-05-04', '2030-05-05']);
  });

  it('opens from this device alone, with what it let in before', async () => {
    const { world, open } = house();
    const before = open();
    await before.refresh();
    world.online = false;
    await before.scan(REFERENCE);
    const after = open();
    await after.load();
    await after.scan(REFERENCE);
    expect([after.outcome?.answer.verdict, after.waiting]).toEqual(['already', 1]);
  });

  it('an answer that was lost is no double: the server is asked again by the same attempt', async () => {
    const { world, open } = house();
    const door = open(() => true);
    await door.refresh();
    world.losesAnswers = true;
    await door.scan(REFERENCE);
    expect(door.outcome).toMatchObject({ offline: true, answer: { verdict: 'admitted' } });
    world.losesAnswers = false;
    await door.sync();
    expect([world.told, door.waiting, door.doubles.length]).toEqual([[], 0, 0]);
  });

  it('what another door let in meanwhile is told as the double it is', async () => {
    const { world, open } = house();
    const door = open(() => true);
    await door.refresh();
    world.online = false;
    await door.scan(REFERENCE);
    world.online = true;
    world.first = 'of-another-door';
    await door.sync();
    expect([world.told.length, door.waiting, door.doubles.length]).toEqual([1, 0, 1]);
  });

  it('says that it is blind when it never had a list', async () => {
    const { world, open } = house();
    world.online = false;
    const door = open();
    await door.load();
    await door.scan(REFERENCE);
    expect([door.blind, door.outcome]).toEqual([true, null]);
  });

  it('takes no list that was changed on the device', async () => {
    const { world, open } = house();
    await open().refresh();
    const [kept] = world.lists;
    if (kept) kept.list = { ...kept.list, payload: kept.list.payload.replace('A-1', 'A-2') };
    world.online = false;
    const door = open();
    await door.load();
    expect(door.index).toBeNull();
  });

  it('undoes what it kept without asking anybody, and what the server knows by the server', async () => {
    const { world, open } = house();
    const door = open();
    await door.refresh();
    world.online = false;
    await door.scan(REFERENCE);
    if (door.outcome) await door.undo(door.outcome);
    expect([door.waiting, door.history.length]).toEqual([0, 0]);
    await door.scan(REFERENCE);
    expect(door.outcome?.answer.verdict).toBe('admitted');
    if (door.outcome) await door.undo(door.outcome);
    world.online = true;
    await door.scan(REFERENCE);
    if (door.outcome) await door.undo(door.outcome);
    expect(world.first).toBeNull();
  });

  it('goes by the server’s clock', async () => {
    const { world, open } = house();
    world.now = Date.parse('2030-05-04T09:30:00Z');
    world.skew = 8 * 3_600_000;
    const door = open();
    await door.refresh();
    world.online = false;
    await door.scan(REFERENCE);
    expect(door.outcome?.answer.verdict).toBe('admitted');
  });

  it('writes down its scans to the millisecond of the server’s clock, also after it was opened anew', async () => {
    const { world, open } = house();
    world.skew = 1_234;
    await open().refresh();
    world.online = false;
    world.now += 5_001;
    const door = open();
    await door.load();
    await door.scan(REFERENCE);
    const [kept] = world.kept.values();
    expect(kept?.scan.scanned_at).toBe('2030-05-04T17:30:06.235Z');
  });
});

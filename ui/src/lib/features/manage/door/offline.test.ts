import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import type { DoorList, DoorTicket, KeptScan } from '$lib/platform';
import { fromBase32, fromBase64Url, toBase32, toBase64Url } from './bytes';
import { ListIndex, redeemOffline, type Asked } from './offline';
import { textSignedBy } from './proof';
import { digestOf, signedTicket } from './ticket-code';

const keys = generateKeyPairSync('ed25519');
const PUBLIC = keys.publicKey.export({ format: 'jwk' }).x ?? '';

/** A ticket's code as the server writes it. */
function code(ticket: number, revision: number): string {
  const facts = Buffer.alloc(72);
  facts[0] = 1;
  facts.fill(ticket, 10, 42);
  facts.writeUInt32BE(revision, 60);
  const all = Buffer.concat([facts, sign(null, facts, keys.privateKey)]);
  return `MT1:${toBase32(all)}`;
}
const idOf = (ticket: number) => `k${toBase32(new Uint8Array(32).fill(ticket)).toLowerCase()}`;

async function ticket(number: number, given: Partial<DoorTicket> = {}): Promise<DoorTicket> {
  const revision = given.revision ?? 1;
  return {
    ticket_id: idOf(number),
    revision,
    seat_id: `A-${number}`,
    row: 'A',
    number: String(number),
    ticket_type: 'standard',
    reference: 'ABCDE-FGHJK',
    digest: await digestOf(code(number, revision)),
    ...given
  };
}

async function index(
  tickets: DoorTicket[],
  kept: KeptScan[] = [],
  given: Partial<DoorList> = {}
): Promise<ListIndex> {
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
        tickets
      }
    ],
    ...given
  };
  return new ListIndex(list, PUBLIC, kept);
}

const EVENING = new Date('2030-05-04T17:45:00Z');
let scans = 0;
const say = (at: ListIndex, asked: Partial<Asked>, when = EVENING) =>
  redeemOffline(
    at,
    { code: '', show_id: null, ticket_ids: null, ...asked },
    when,
    'North',
    () => `scan-${(scans += 1)}`
  );

describe('bytes as text', () => {
  it('come back', () => {
    const bytes = new Uint8Array([0, 1, 127, 128, 255, 42, 7]);
    expect(fromBase32(toBase32(bytes))).toEqual(bytes);
    expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
    expect(fromBase32('a')).toBeNull();
    expect(fromBase64Url('a+b')).toBeNull();
  });
});

describe('a door with no network', () => {
  it('lets a listed ticket in once, then says since when', async () => {
    const at = await index([await ticket(1)]);
    const first = await say(at, { code: code(1, 1) });
    expect([first.verdict, first.show?.admitted]).toEqual(['admitted', 1]);
    const second = await say(at, { code: code(1, 1).toLowerCase() });
    expect(second.verdict).toBe('already');
    expect(second.tickets[0]?.first_scan).toMatchObject({
      door: 'North',
      scanned_at: EVENING.toISOString()
    });
    expect(second.tickets[0]?.first_scan).toEqual(first.tickets[0]?.first_scan);
  });

  it('knows who came in by another door, and what it let in before it was opened anew', async () => {
    const other = { scan_id: 'x', scanned_at: '2030-05-04T17:30:00Z', door: 'South' };
    const at = await index(
      [await ticket(1, { first_scan: other }), await ticket(2)],
      [
        {
          theater_id: 't',
          scan: {
            scan_id: 'y',
            ticket_id: idOf(2),
            show_id: 's',
            door: 'North',
            scanned_at: '2030-05-04T17:31:00Z',
            verdict: 'admitted'
          }
        }
      ]
    );
    expect((await say(at, { code: code(1, 1) })).tickets[0]?.first_scan?.door).toBe('South');
    expect((await say(at, { code: code(2, 1) })).verdict).toBe('already');
  });

  it('tells forged, replaced and unknown codes apart', async () => {
    const at = await index([await ticket(1, { revision: 2 })]);
    const good = code(1, 2);
    const letter = good.at(-20) === 'A' ? 'B' : 'A';
    expect((await say(at, { code: good.slice(0, -20) + letter + good.slice(-19) })).verdict).toBe(
      'forged'
    );
    expect((await say(at, { code: 'MT1:AAAA' })).verdict).toBe('forged');
    expect((await say(at, { code: code(1, 1) })).verdict).toBe('revoked');
    expect((await say(at, { code: code(9, 1) })).verdict).toBe('unknown');
    expect((await say(at, { code: 'ZZZZZ-ZZZZZ' })).verdict).toBe('unknown');
  });

  it('no bit of a code can be changed', async () => {
    const bytes = fromBase32(code(1, 1).slice(4)) ?? new Uint8Array();
    for (let at = 0; at < bytes.length; at += 1) {
      const altered = bytes.slice();
      altered[at] = (altered[at] ?? 0) ^ (1 << (at % 8));
      expect(await signedTicket(`MT1:${toBase32(altered)}`, PUBLIC)).toBeNull();
    }
    expect(await signedTicket(code(1, 1), PUBLIC)).toEqual({
      ticket: idOf(1).slice(1),
      revision: 1
    });
  });

  it('keeps to its show, its hours and real money', async () => {
    const at = await index([await ticket(1), await ticket(2, { test: true })]);
    expect((await say(at, { code: code(1, 1), show_id: 'other' })).verdict).toBe('wrong_show');
    expect((await say(at, { code: code(1, 1) }, new Date('2030-05-04T16:59:59Z'))).verdict).toBe(
      'too_early'
    );
    expect((await say(at, { code: code(1, 1) }, new Date('2030-05-04T20:00:00Z'))).verdict).toBe(
      'too_late'
    );
    expect((await say(at, { code: code(2, 1) })).verdict).toBe('test_ticket');
    expect((await say(at, { code: code(1, 1) }, new Date('2030-05-06T18:00:00Z'))).verdict).toBe(
      'unknown'
    );
  });

  it('asks who of a booking is here, and lets in whom it is told', async () => {
    const at = await index([await ticket(1), await ticket(2), await ticket(3)]);
    const asked = await say(at, { code: 'abcdefghjk' });
    expect([asked.verdict, asked.tickets.length, asked.show?.admitted]).toEqual(['choose', 3, 0]);
    const two = await say(at, { code: 'ABCDE-FGHJK', ticket_ids: [idOf(1), idOf(2)] });
    expect([two.verdict, two.tickets.length, two.show?.admitted]).toEqual(['admitted', 2, 2]);
    expect((await say(at, { code: 'ABCDE-FGHJK/A-2' })).verdict).toBe('already');
    expect((await say(at, { code: 'ABCDE-FGHJK', ticket_ids: [] })).verdict).toBe('already');
    expect((await say(at, { code: code(3, 1) })).verdict).toBe('already');
  });
});

describe('a signed list', () => {
  const text = '{"theater_id":"t"}';
  const signature = toBase64Url(sign(null, Buffer.from(text), keys.privateKey));

  it('is checked by the browser', async () => {
    expect(await textSignedBy(PUBLIC, signature, text)).toBe(true);
    expect(await textSignedBy(PUBLIC, signature, `${text} `)).toBe(false);
    expect(await textSignedBy('', signature, text)).toBe(false);
  });

  it('is checked without the browser’s help where it has none', async () => {
    vi.stubGlobal('crypto', { subtle: undefined });
    expect(await textSignedBy(PUBLIC, signature, text)).toBe(true);
    expect(await textSignedBy(PUBLIC, signature, `${text} `)).toBe(false);
    expect(await digestOf('MT1:ABC')).toHaveLength(22);
    vi.unstubAllGlobals();
  });
});

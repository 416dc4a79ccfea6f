import { describe, expect, it } from 'vitest';
import { PlatformError, type Attempt } from '$lib/platform';
import { Intention } from './intention.svelte';

const problem = (status: number, code = 'x') =>
  new PlatformError({ kind: 'problem', code, title: '', detail: '', status });
const lost = new PlatformError({ kind: 'offline', code: 'offline', title: '', detail: '' });

/** Sends each content in turn; what each answer is, and what the keys and doubts were. */
async function press(...sent: [content: unknown, answer: Error | null][]) {
  const intention = new Intention();
  const keys: string[] = [];
  const doubts: boolean[] = [];
  for (const [content, answer] of sent) {
    const call = (attempt: Attempt) => {
      keys.push(attempt.key);
      return answer ? Promise.reject(answer) : Promise.resolve();
    };
    await intention.send(content, call).catch(() => undefined);
    doubts.push(intention.uncertain);
  }
  return { same: keys.slice(1).map((key, at) => key === keys[at]), doubts };
}

describe('an intention', () => {
  it.each([
    ['no connection', lost],
    ['an answer nobody can read', new PlatformError({ ...lost, kind: 'invalid', code: 'i' })],
    ['a failing server', problem(500)],
    ['an overloaded server', problem(503)],
    ['the first press still running', problem(409, 'idempotency_in_progress')],
    ['an error of our own', new TypeError('x')]
  ])('is the same attempt after %s', async (_name, error) => {
    const { same, doubts } = await press([{ a: 1 }, error], [{ a: 1 }, null]);
    expect(same).toEqual([true]);
    expect(doubts).toEqual([true, false]);
  });

  it('is another one for another content, after a refusal and once it is done', async () => {
    expect((await press([1, lost], [2, null])).same).toEqual([false]);
    expect((await press([1, problem(409)], [1, null])).same).toEqual([false]);
    expect((await press([1, null], [1, null])).same).toEqual([false]);
  });

  it.each([401, 403, 429])(
    'stays in doubt when only a later press is turned away: %i',
    async (status) => {
      const { same, doubts } = await press([1, lost], [1, problem(status)], [1, null]);
      expect(same).toEqual([true, true]);
      expect(doubts).toEqual([true, true, false]);
    }
  );
});

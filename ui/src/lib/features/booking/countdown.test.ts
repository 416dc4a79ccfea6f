import { describe, expect, it } from 'vitest';
import { clock, dueMinutes, remainingMs } from './countdown';

const MINUTE = 60_000;

describe('the hold’s clock', () => {
  it('counts to the server’s instant and never below zero', () => {
    const now = Date.parse('2026-11-22T20:00:00Z');
    expect(remainingMs('2026-11-22T20:08:00Z', now)).toBe(8 * MINUTE);
    expect(remainingMs('2026-11-22T19:59:00Z', now)).toBe(0);
    expect(remainingMs(null, now)).toBe(0);
  });

  it('shows minutes and two digits of seconds', () => {
    expect(clock(9 * MINUTE + 5000)).toBe('9:05');
    expect(clock(999)).toBe('0:01');
    expect(clock(0)).toBe('0:00');
  });
});

describe('what is said aloud', () => {
  it('says each mark once, when it is passed', () => {
    expect(dueMinutes(5 * MINUTE + 500, 5 * MINUTE - 500)).toBe(5);
    expect(dueMinutes(5 * MINUTE - 500, 5 * MINUTE - 1500)).toBeNull();
    expect(dueMinutes(2 * MINUTE + 1, 2 * MINUTE)).toBe(2);
    expect(dueMinutes(MINUTE + 1, MINUTE)).toBe(1);
  });

  it('says only the latest mark after a sleep, and nothing once the time is over', () => {
    expect(dueMinutes(8 * MINUTE, 90_000)).toBe(2);
    expect(dueMinutes(8 * MINUTE, 0)).toBeNull();
  });

  it('says nothing when the hold was extended', () => {
    expect(dueMinutes(MINUTE, 8 * MINUTE)).toBeNull();
  });
});

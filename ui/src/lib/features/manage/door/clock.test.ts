import { describe, expect, it } from 'vitest';
import { ServerClock } from './clock';

describe('the server’s clock as a door knows it', () => {
  it('is this device’s until something was heard', () => {
    expect(new ServerClock().skew).toBe(0);
  });

  it('is found to the half of an answer’s way', () => {
    const clock = new ServerClock();
    // Ours is 5,000 ms behind; the server answered 30 ms after we asked, we heard it 10 ms later.
    clock.heard(106_030, 101_000, 101_040);
    expect(clock.skew).toBe(5_010);
    expect(Math.abs(clock.skew - 5_000)).toBeLessThanOrEqual(20);
  });

  it('is not made worse by a slow answer, and made better by a quick one', () => {
    const clock = new ServerClock();
    clock.heard(5_010, 0, 20);
    clock.heard(6_900, 1_000, 3_000);
    expect(clock.skew).toBe(5_000);
    clock.heard(9_004, 4_000, 4_006);
    expect(clock.skew).toBe(5_001);
  });

  it('begins anew when a clock was set', () => {
    const clock = new ServerClock();
    clock.heard(5_010, 0, 20);
    clock.heard(2_000, 3_000, 3_000);
    expect(clock.skew).toBe(-1_000);
  });

  it('keeps what it knew before until an answer says otherwise', () => {
    const clock = new ServerClock();
    clock.begin(-250);
    expect(clock.skew).toBe(-250);
    clock.heard(800, 1_000, 1_100);
    expect(clock.skew).toBe(-250);
    clock.heard(5_000, 1_000, 1_010);
    expect(clock.skew).toBe(3_995);
  });

  it('ignores an answer without a time, and one heard before it was asked', () => {
    const clock = new ServerClock();
    clock.heard(Number.NaN, 0, 10);
    clock.heard(1_000, 50, 10);
    expect(clock.skew).toBe(0);
  });
});

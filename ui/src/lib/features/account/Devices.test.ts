import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import { setPlatform, type DeviceSession, type Platform } from '$lib/platform';
import WithClient from '../../../test/WithClient.svelte';
import Devices from './Devices.svelte';

const session = (id: string, device: string, current: boolean): DeviceSession => ({
  session_id: id,
  device,
  created_at: '2030-05-01T10:00:00Z',
  last_used_at: '2030-05-03T10:00:00Z',
  current
});

function open(...sessions: DeviceSession[]) {
  let kept = sessions;
  const endSession = vi.fn<Platform['endSession']>((id) => {
    kept = kept.filter((one) => one.session_id !== id);
    return Promise.resolve();
  });
  const endOtherSessions = vi.fn<Platform['endOtherSessions']>(() => {
    kept = kept.filter((one) => one.current);
    return Promise.resolve();
  });
  setPlatform({
    sessions: () => Promise.resolve(kept),
    endSession,
    endOtherSessions
  } as unknown as Platform);
  render(WithClient, { of: Devices as never, with: {} });
  return { endSession, endOtherSessions };
}

describe('the list of devices', () => {
  it('signs one out, never the one at hand', async () => {
    const { endSession } = open(session('a', 'Firefox on Linux', true), session('b', '', false));
    await screen.findByText('This device');
    expect(screen.queryByRole('button', { name: 'Sign Firefox on Linux out' })).toBeNull();
    await fireEvent.click(screen.getByRole('button', { name: 'Sign Unknown device out' }));
    await waitFor(() => expect(screen.queryByText('Unknown device')).toBeNull());
    expect(endSession.mock.calls).toEqual([['b']]);
  });

  it('signs all others out at once, when there are others', async () => {
    const { endOtherSessions } = open(
      session('a', 'Firefox on Linux', true),
      session('b', 'Chrome on Android', false)
    );
    await fireEvent.click(await screen.findByRole('button', { name: 'Sign all others out' }));
    await waitFor(() =>
      expect(screen.queryByRole('button', { name: 'Sign all others out' })).toBeNull()
    );
    expect(endOtherSessions).toHaveBeenCalledTimes(1);
  });
});

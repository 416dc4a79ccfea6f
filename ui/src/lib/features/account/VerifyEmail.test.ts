import { fireEvent, render, screen } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import { PlatformError, setPlatform, type Platform } from '$lib/platform';
import WithClient from '../../../test/WithClient.svelte';
import VerifyEmail from './VerifyEmail.svelte';

const failure = (kind: 'problem' | 'offline', code: string, status?: number) =>
  new PlatformError({ kind, code, title: '', detail: '', ...(status ? { status } : {}) });

function open(token: string) {
  const verifyEmail = vi.fn<Platform['verifyEmail']>(() => Promise.resolve());
  setPlatform({ verifyEmail } as unknown as Platform);
  const show = () => render(WithClient, { of: VerifyEmail as never, with: { token } });
  return { verifyEmail, show };
}

describe('the link mailed at registration', () => {
  it('confirms the address by itself, once', async () => {
    const { verifyEmail, show } = open('t1');
    show();
    await screen.findByText('Your e-mail address is confirmed');
    expect(verifyEmail.mock.calls).toEqual([['t1']]);
  });

  it('says so when it was used before or is too old', async () => {
    const { verifyEmail, show } = open('t1');
    verifyEmail.mockRejectedValueOnce(failure('problem', 'session_ended', 401));
    show();
    await screen.findByText('This link has been used or is too old');
  });

  it('can be tried again after a lost connection', async () => {
    const { verifyEmail, show } = open('t1');
    verifyEmail.mockRejectedValueOnce(failure('offline', 'offline'));
    show();
    await fireEvent.click(await screen.findByRole('button', { name: 'Try again' }));
    await screen.findByText('Your e-mail address is confirmed');
    expect(verifyEmail).toHaveBeenCalledTimes(2);
  });
});

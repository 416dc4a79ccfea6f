import { fireEvent, render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { app } from '$lib/app/state.svelte';
import { PlatformError, setPlatform, type Platform } from '$lib/platform';
import WithClient from '../../../test/WithClient.svelte';
import VerifyEmail from './VerifyEmail.svelte';

const failure = (kind: 'problem' | 'offline', code: string, status?: number) =>
  new PlatformError({ kind, code, title: '', detail: '', ...(status ? { status } : {}) });

const signIn = (signed_in: boolean) => (app.session = { ...app.session, signed_in });
const confirm = () =>
  fireEvent.click(screen.getByRole('button', { name: 'Confirm my e-mail address' }));

function open(token: string) {
  const verifyEmail = vi.fn<Platform['verifyEmail']>(() => Promise.resolve());
  setPlatform({ verifyEmail } as unknown as Platform);
  const show = () => render(WithClient, { of: VerifyEmail as never, with: { token } });
  return { verifyEmail, show };
}

describe('the link mailed at registration', () => {
  beforeEach(() => void signIn(false));

  it('confirms the address by itself, once, where somebody is signed in', async () => {
    const { verifyEmail, show } = open('t1');
    signIn(true);
    show();
    await screen.findByText('Your e-mail address is confirmed');
    expect(verifyEmail.mock.calls).toEqual([['t1']]);
  });

  it('waits to learn who is signed in', async () => {
    const { verifyEmail, show } = open('t1');
    show();
    signIn(true);
    await screen.findByText('Your e-mail address is confirmed');
    expect(verifyEmail).toHaveBeenCalledTimes(1);
  });

  it('does nothing unasked where nobody is signed in', async () => {
    const { verifyEmail, show } = open('t1');
    show();
    await screen.findByText(/Confirm only if you made a Matinee account/);
    await tick();
    expect(verifyEmail).not.toHaveBeenCalled();
    await confirm();
    await screen.findByText('Your e-mail address is confirmed');
    expect(verifyEmail.mock.calls).toEqual([['t1']]);
  });

  it('says that nothing is left to do when the address is confirmed', async () => {
    const { verifyEmail, show } = open('t1');
    verifyEmail.mockRejectedValueOnce(failure('problem', 'verified_already', 409));
    show();
    await confirm();
    await screen.findByText('Your e-mail address is confirmed already');
    expect(screen.queryByRole('link', { name: 'Sign in' })).toBeNull();
  });

  it.each([
    ['link_expired', 410, 'This link is too old'],
    ['session_ended', 401, 'This link does not work']
  ])('leads to a new one: %s', async (code, status, title) => {
    const { verifyEmail, show } = open('t1');
    verifyEmail.mockRejectedValueOnce(failure('problem', code, status));
    show();
    await confirm();
    await screen.findByText(title);
    const link = screen.getByRole('link', { name: 'Sign in' });
    expect(link.getAttribute('href')).toBe('/signin?next=%2Fverify');
  });

  it('can be tried again after a lost connection', async () => {
    const { verifyEmail, show } = open('t1');
    verifyEmail.mockRejectedValueOnce(failure('offline', 'offline'));
    show();
    await confirm();
    await fireEvent.click(await screen.findByRole('button', { name: 'Try again' }));
    await screen.findByText('Your e-mail address is confirmed');
    expect(verifyEmail).toHaveBeenCalledTimes(2);
  });
});

import { fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { announcer } from '$lib/app/announce.svelte';
import { app } from '$lib/app/state.svelte';
import { PlatformError, setPlatform, type Platform, type PushState } from '$lib/platform';
import WithClient from '../../../test/WithClient.svelte';
import PushMessages from './PushMessages.svelte';

const TURN_ON = { name: 'Turn notifications on' };
const TURN_OFF = { name: 'Turn notifications off' };

function open(
  state: PushState,
  { answers = 'on' as PushState | Error, push = true, kind = 'browser' as Platform['kind'] } = {}
) {
  const subscribePush = vi.fn<Platform['subscribePush']>(() =>
    answers instanceof Error ? Promise.reject(answers) : Promise.resolve(answers)
  );
  const unsubscribePush = vi.fn<Platform['unsubscribePush']>(() => Promise.resolve());
  setPlatform({
    kind,
    pushState: () => Promise.resolve(state),
    subscribePush,
    unsubscribePush,
    profile: () => Promise.resolve({ value: { notifications: { push } }, offline: false })
  } as unknown as Platform);
  render(WithClient, { of: PushMessages as never, with: {} });
  return { subscribePush, unsubscribePush };
}

afterEach(() => {
  app.status = { online: true, as_of: null };
  announcer.toasts = [];
});

const toasts = () => announcer.toasts.map((toast) => toast.text);

describe('notifications in this browser', () => {
  it('are turned on, and off again', async () => {
    const { unsubscribePush } = open('off');
    await fireEvent.click(await screen.findByRole('button', TURN_ON));
    await fireEvent.click(await screen.findByRole('button', TURN_OFF));
    await screen.findByRole('button', TURN_ON);
    expect(unsubscribePush).toHaveBeenCalledTimes(1);
    expect(toasts()).toEqual([
      'Notifications are on in this browser.',
      'Notifications are off in this browser.'
    ]);
  });

  it.each([
    ['unsupported', /cannot show/],
    ['insecure', /encrypted/]
  ] as const)('that are %s say why, without a button', async (state, words) => {
    open(state);
    await screen.findByText(words);
    expect(screen.queryByRole('button')).toBeNull();
  });

  it('that the browser blocks say how to change that', async () => {
    open('off', { answers: 'blocked' });
    await fireEvent.click(await screen.findByRole('button', TURN_ON));
    await screen.findByText(/Open the site’s settings/);
    expect(screen.queryByRole('button', TURN_ON)).toBeNull();
    expect(announcer.polite).toMatch(/blocks notifications/);
  });

  it('stay off while the question is not answered, and say so', async () => {
    open('off', { answers: 'off' });
    await fireEvent.click(await screen.findByRole('button', TURN_ON));
    await screen.findByText(/was not answered/);
    expect(toasts()).toEqual([]);
  });

  it('that the push service refuses leave everything as it was', async () => {
    const refused = { kind: 'invalid', code: 'push_unavailable', title: '', detail: '' } as const;
    open('off', { answers: new PlatformError(refused) });
    await fireEvent.click(await screen.findByRole('button', TURN_ON));
    await screen.findByText('Notifications could not be turned on');
    expect(screen.getByRole('button', TURN_ON)).toBeTruthy();
  });

  it('wait for a connection', async () => {
    app.status = { online: false, as_of: null };
    const { subscribePush } = open('off');
    const button = await screen.findByRole('button', TURN_ON);
    await fireEvent.click(button);
    expect(button.getAttribute('aria-disabled')).toBe('true');
    screen.getByText('Needs a connection');
    expect(subscribePush).not.toHaveBeenCalled();
  });

  it('say when the profile lets nothing through', async () => {
    open('on', { push: false });
    await screen.findByText(/push is not chosen/);
  });

  it('are the computer’s in the app', async () => {
    open('off', { kind: 'shell' });
    await screen.findByRole('heading', { name: 'Notifications on this computer' });
    await fireEvent.click(await screen.findByRole('button', TURN_ON));
    await fireEvent.click(await screen.findByRole('button', TURN_OFF));
    await screen.findByRole('button', TURN_ON);
    expect(toasts()).toEqual([
      'This computer shows notifications now.',
      'This computer shows no more notifications.'
    ]);
  });

  it('that the computer cannot show say so in the app', async () => {
    open('unsupported', { kind: 'shell' });
    await screen.findByText(/This computer shows no notifications/);
    expect(screen.queryByRole('button')).toBeNull();
  });
});

import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { PlatformError, setPlatform, type Platform, type Profile } from '$lib/platform';
import WithClient from '../../../test/WithClient.svelte';
import ProfileForm from './ProfileForm.svelte';

const mine: Profile = { email: 'sam@example.com', name: 'Sam', phone: '1', version: 3 };
const theirs: Profile = { ...mine, phone: '2', version: 4 };
const conflict = new PlatformError({
  kind: 'problem',
  code: 'version_mismatch',
  title: '',
  detail: '',
  status: 412
});

let saveProfile = vi.fn<Platform['saveProfile']>();

beforeEach(() => {
  saveProfile = vi.fn<Platform['saveProfile']>();
  setPlatform({
    saveProfile,
    profile: () => Promise.resolve({ value: theirs, as_of: '', offline: false }),
    session: () => Promise.reject(new Error('not asked')),
    theaters: () =>
      Promise.resolve({ value: { items: [], next_cursor: null }, as_of: '', offline: false })
  } as unknown as Platform);
  render(WithClient, {
    of: ProfileForm as never,
    with: { profile: mine, offline: false, reload: () => Promise.resolve() }
  });
});

const field = (name: string) => screen.getByLabelText<HTMLInputElement>(name);
const press = (name: string) => fireEvent.click(screen.getByRole('button', { name }));

describe('a profile changed elsewhere', () => {
  beforeEach(async () => {
    saveProfile.mockRejectedValueOnce(conflict);
    await fireEvent.input(field('Address'), { target: { value: 'New street 1' } });
    await press('Save');
    await screen.findByText('Your profile was changed elsewhere');
  });

  it('was sent with the version it was made from, and keeps what was typed', () => {
    expect(saveProfile.mock.calls[0]?.[1]).toBe(3);
    expect(field('Address').value).toBe('New street 1');
  });

  it('can be overwritten with mine', async () => {
    saveProfile.mockImplementationOnce((profile) => Promise.resolve({ ...profile, version: 5 }));
    await press('Keep mine');
    await waitFor(() =>
      expect(screen.queryByText('Your profile was changed elsewhere')).toBeNull()
    );
    expect(saveProfile.mock.calls[1]).toMatchObject([
      { address: 'New street 1', phone: '1' },
      null
    ]);
  });

  it('can be replaced by theirs, and saving goes on from their version', async () => {
    await press('Show the other version');
    await waitFor(() => expect(field('Phone').value).toBe('2'));
    expect(field('Address').value).toBe('');
    saveProfile.mockImplementationOnce((profile) => Promise.resolve(profile));
    await press('Save');
    await waitFor(() => expect(saveProfile).toHaveBeenCalledTimes(2));
    expect(saveProfile.mock.calls[1]?.[1]).toBe(4);
  });
});

it('is not sent without a name', async () => {
  await fireEvent.input(field('Name'), { target: { value: '  ' } });
  await press('Save');
  expect(saveProfile).not.toHaveBeenCalled();
  expect(field('Name').getAttribute('aria-invalid')).toBe('true');
});

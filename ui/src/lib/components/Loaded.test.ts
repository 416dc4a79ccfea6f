import { render, screen } from '@testing-library/svelte';
import { createRawSnippet } from 'svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PlatformError } from '$lib/platform';
import Loaded from './Loaded.svelte';

const text = (words: string) => createRawSnippet(() => ({ render: () => `<p>${words}</p>` }));
const snippets = { skeleton: text('skeleton'), children: text('value') };
const read = { value: 1, as_of: '', offline: false };
const failure = new PlatformError({ kind: 'offline', code: 'offline', title: '', detail: '' });
const waiting = { data: undefined, error: null, isFetching: true, refetch: vi.fn() };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('shows no skeleton for an answer that comes at once', async () => {
  const { rerender } = render(Loaded, { query: waiting, ...snippets });
  await vi.advanceTimersByTimeAsync(149);
  expect(screen.queryByText('skeleton')).toBeNull();
  await rerender({ query: { ...waiting, data: read, isFetching: false } });
  expect(screen.getByText('value')).toBeTruthy();
});

it('shows a skeleton after a while, and then long enough to be seen', async () => {
  const { rerender } = render(Loaded, { query: waiting, ...snippets });
  await vi.advanceTimersByTimeAsync(160);
  expect(screen.getByText('skeleton')).toBeTruthy();
  await rerender({ query: { ...waiting, data: read, isFetching: false } });
  await vi.advanceTimersByTimeAsync(200);
  expect(screen.queryByText('value')).toBeNull();
  await vi.advanceTimersByTimeAsync(150);
  expect(screen.getByText('value')).toBeTruthy();
});

it('says what is safe and lets the person try again', async () => {
  const refetch = vi.fn();
  render(Loaded, {
    query: { ...waiting, error: failure, isFetching: false, refetch },
    safe: 'You have not been charged.',
    ...snippets
  });
  await vi.advanceTimersByTimeAsync(400);
  expect(screen.getByText('You have not been charged.')).toBeTruthy();
  screen.getByRole('button', { name: 'Try again' }).click();
  expect(refetch).toHaveBeenCalledTimes(1);
});

it('keeps a value that is there when a newer one fails to come', async () => {
  render(Loaded, { query: { ...waiting, data: read, error: failure }, ...snippets });
  await vi.advanceTimersByTimeAsync(400);
  expect(screen.getByText('value')).toBeTruthy();
  expect(screen.queryByRole('alert')).toBeNull();
});

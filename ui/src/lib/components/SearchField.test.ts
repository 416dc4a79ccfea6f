import { fireEvent, render, screen } from '@testing-library/svelte';
import { expect, it, vi } from 'vitest';
import SearchField from './SearchField.svelte';

const field = () => screen.getByRole<HTMLInputElement>('searchbox');

it('keeps what is typed while the answer to an earlier word comes in', async () => {
  vi.useFakeTimers();
  const onsearch = vi.fn();
  const { rerender } = render(SearchField, { label: 'Search', value: '', onsearch });
  field().focus();
  await fireEvent.input(field(), { target: { value: 'the ' } });
  await vi.advanceTimersByTimeAsync(300);
  expect(onsearch).toHaveBeenCalledWith('the');
  await fireEvent.input(field(), { target: { value: 'the g' } });
  await rerender({ value: 'the' });
  expect(field().value).toBe('the g');
  vi.useRealTimers();
});

it('shows a value from outside while nobody types', async () => {
  const { rerender } = render(SearchField, { label: 'Search', value: 'a', onsearch: () => {} });
  expect(field().value).toBe('a');
  await rerender({ value: '' });
  expect(field().value).toBe('');
});

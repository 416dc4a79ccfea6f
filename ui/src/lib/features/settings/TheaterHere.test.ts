import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import {
  setPlatform,
  type LocalTheater,
  type NetworkHere,
  type Platform,
  type TheaterHere as Here
} from '$lib/platform';
import WithClient from '../../../test/WithClient.svelte';
import TheaterHere from './TheaterHere.svelte';

const theater: LocalTheater = {
  folder: '/theater',
  begun: true,
  trouble: null,
  running: {
    url: 'http://127.0.0.1:8080',
    setup_link: null,
    network: { reach: 'this_machine' } as NetworkHere
  }
};

async function open() {
  const answers: { refuse: (why: Error) => void }[] = [];
  const run = vi.fn<Here['run']>(() => new Promise((_, refuse) => answers.push({ refuse })));
  const here = { state: () => Promise.resolve(theater), run } as unknown as Here;
  setPlatform({} as Platform);
  render(WithClient, { of: TheaterHere as never, with: { here } });
  const box = await screen.findByRole<HTMLInputElement>('checkbox', {
    name: 'Open to your network'
  });
  return { box, run, answers };
}

describe('opening the theater of this computer to its network', () => {
  it('shows the truth again after it failed', async () => {
    const { box, answers } = await open();
    await fireEvent.click(box);
    await waitFor(() => expect(answers).toHaveLength(1));
    expect(box.checked).toBe(true);
    answers[0]?.refuse(new Error('no'));
    await screen.findByText('Your theater’s data is safe.');
    expect(box.checked).toBe(false);
  });

  it('cannot be pressed again meanwhile', async () => {
    const { box, run, answers } = await open();
    await fireEvent.click(box);
    await waitFor(() => expect(answers).toHaveLength(1));
    await fireEvent.click(box);
    expect(box.checked).toBe(true);
    expect(run.mock.calls).toEqual([[true]]);
    expect(box.getAttribute('aria-disabled')).toBe('true');
  });
});

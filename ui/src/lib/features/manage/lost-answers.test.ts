import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import {
  PlatformError,
  setPlatform,
  type Attempt,
  type ManagedTheater,
  type Platform
} from '$lib/platform';
import StaffHost from '../../../test/StaffHost.svelte';
import ShiftPanel from './counter/ShiftPanel.svelte';
import ImportMovie from './movies/ImportMovie.svelte';
import MovieForm from './movies/MovieForm.svelte';
import ScreenForm from './screens/ScreenForm.svelte';

/** A screen's form shows a picture of its seats. */
vi.stubGlobal(
  'ResizeObserver',
  class {
    observe = () => undefined;
    disconnect = () => undefined;
  }
);

const lost = () => new PlatformError({ kind: 'offline', code: 'offline', title: '', detail: '' });
const refused = () =>
  new PlatformError({ kind: 'problem', code: 'x', title: '', detail: '', status: 409 });
const theater = {
  theater_id: 't1',
  currency: 'EUR',
  time_zone: 'Europe/Berlin',
  screens: [],
  price_lists: []
} as unknown as ManagedTheater;

/** Every call that makes something, answered in turn; the keys they came with. */
function answering(...answers: Error[]) {
  const keys: string[] = [];
  const make = (...sent: unknown[]) => {
    keys.push((sent.at(-1) as Attempt).key);
    const error = answers.shift();
    return error ? Promise.reject(error) : new Promise(() => undefined);
  };
  const staff = { createMovie: make, createScreen: make, importMovie: make };
  const calls = { openShift: make };
  setPlatform({
    staff: () => Promise.resolve(staff),
    recall: () => null,
    remember: () => undefined
  } as unknown as Platform);
  return { keys, calls };
}

async function type(label: RegExp, value: string): Promise<void> {
  await fireEvent.input(screen.getByRole('textbox', { name: label }), { target: { value } });
}

const FORMS = [
  {
    name: 'a movie',
    of: MovieForm,
    props: {},
    button: 'Make the movie',
    fill: async () => {
      await type(/^Title/, 'Metropolis');
      await type(/^Minutes/, '153');
      await type(/languages/i, 'de');
    }
  },
  {
    name: 'a screen',
    of: ScreenForm,
    props: { theater, version: null },
    button: 'Save',
    fill: () => Promise.resolve()
  },
  {
    name: 'an imported movie',
    of: ImportMovie,
    props: { number: 550 },
    button: 'Import again',
    fill: () => Promise.resolve()
  },
  {
    name: 'a shift',
    of: ShiftPanel,
    props: { theater, shift: null, onchange: () => undefined },
    button: 'Open a shift',
    fill: () => type(/Cash in the drawer/, '150.00')
  }
] as const;

describe.each(FORMS)('$name, whose answer is lost', ({ of, props, button, fill }) => {
  async function open(...answers: Error[]) {
    const { keys, calls } = answering(...answers);
    render(StaffHost, { of: of as never, with: { ...props, calls } });
    await fill();
    const press = async (times: number) => {
      await fireEvent.click(screen.getByRole('button', { name: button }));
      await waitFor(() => expect(keys).toHaveLength(times));
    };
    return { keys, press };
  }

  it('is the same attempt when it is sent again', async () => {
    const { keys, press } = await open(lost());
    await press(1);
    await screen.findByText(/may have been done all the same/);
    await press(2);
    expect(keys[1]).toBe(keys[0]);
  });

  it('is another one after a refusal', async () => {
    const { keys, press } = await open(refused());
    await press(1);
    await screen.findByText('Nothing was changed.');
    await press(2);
    expect(keys[1]).not.toBe(keys[0]);
  });
});

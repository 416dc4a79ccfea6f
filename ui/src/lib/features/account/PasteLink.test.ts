import { fireEvent, render, screen } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import { goto } from '$app/navigation';
import { setPlatform, type Platform } from '$lib/platform';
import WithClient from '../../../test/WithClient.svelte';
import PasteLink from './PasteLink.svelte';

vi.mock('$app/navigation', () => ({ goto: vi.fn(() => Promise.resolve()) }));

const secret = 'Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmE';

async function paste(text: string, kind: Platform['kind'] = 'browser') {
  const ontoken = vi.fn<(token: string) => void>();
  vi.mocked(goto).mockClear();
  setPlatform({ kind } as unknown as Platform);
  render(WithClient, { of: PasteLink as never, with: { own: 'verify', ontoken } });
  const submit = async () => {
    await fireEvent.input(screen.getByLabelText('Link from the mail'), { target: { value: text } });
    await fireEvent.click(screen.getByRole('button', { name: 'Open the link' }));
  };
  return { ontoken, submit };
}

describe('the field for a mailed link', () => {
  it('hands its own page the secret', async () => {
    const { ontoken, submit } = await paste(`https://a.example/verify#token=${secret}`);
    await submit();
    expect(ontoken.mock.calls).toEqual([[secret]]);
  });

  it('leads to the page another link is for', async () => {
    const { ontoken, submit } = await paste(`https://a.example/recover#token=${secret}`);
    await submit();
    expect(vi.mocked(goto).mock.calls).toEqual([[`/recover#token=${secret}`]]);
    expect(ontoken).not.toHaveBeenCalled();
  });

  it('leads from a booking’s mail to the page that mails its link', async () => {
    const { submit } = await paste('https://a.example/recover?reference=ABCDE-12345');
    await submit();
    expect(vi.mocked(goto).mock.calls).toEqual([['/recover?reference=ABCDE-12345']]);
  });

  it('refuses anything else and says so at the field', async () => {
    const { ontoken, submit } = await paste('ABCDE-12345');
    await submit();
    await screen.findByText('This is not a link from one of our mails');
    expect(ontoken).not.toHaveBeenCalled();
  });

  it('says in the app that a server without mail delivery writes files', async () => {
    await paste('', 'shell');
    await screen.findByText(/writes its mails as files/);
  });
});

import { describe, expect, it } from 'vitest';
import { mailedLink } from './mailed-link';

const secret = 'Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmE';

describe('what is pasted from a mail', () => {
  it('is a link for the page it names, whichever page it is pasted on', () => {
    const link = { page: 'verify', token: secret };
    expect(mailedLink(`https://a.example/verify#token=${secret}`, 'recover')).toEqual(link);
    expect(mailedLink(`http://127.0.0.1:4001/verify#token=${secret}`, 'verify')).toEqual(link);
  });

  it('names a booking and opens nothing', () => {
    const link = { page: 'booking', reference: 'ABCDE-12345' };
    expect(mailedLink('https://a.example/recover?reference=ABCDE-12345', 'verify')).toEqual(link);
  });

  it('is a secret alone, for the page it is pasted on', () => {
    for (const text of [secret, `token=${secret}`, ` #token=${secret}\n`]) {
      expect(mailedLink(text, 'reset')).toEqual({ page: 'reset', token: secret });
    }
  });

  it('may be broken by a mail program', () => {
    const broken = `<https://a.example/recover#token=${secret.slice(0, 9)}\r\n ${secret.slice(9)}>`;
    expect(mailedLink(broken, 'recover')).toEqual({ page: 'recover', token: secret });
  });

  it('is nothing else', () => {
    for (const text of [
      '',
      'ABCDE-12345',
      'https://a.example/',
      `https://a.example/profile#token=${secret}`,
      'https://a.example/verify#token=short',
      'https://a.example/recover?reference=<b>',
      'https://a.example/bookings/b1#guest=mg_abc',
      `javascript:alert(1)//verify#token=${secret}`,
      `matinee://verify#token=${secret}`,
      `mg_${secret}`,
      'https://[',
      'x'.repeat(5000)
    ]) {
      expect(mailedLink(text, 'recover'), text).toBeNull();
    }
  });
});

import { expect, it } from 'vitest';
import { extractInlineScript, stamp } from './strict-static.js';

it('takes the one inline script out and leaves files alone', () => {
  const { html, script } = extractInlineScript(
    '<script src="/theme.js"></script><script>\n  start();\n</script>'
  );
  expect(script).toBe('start();');
  expect(html).toBe('<script src="/theme.js"></script>%boot%');
});

it('refuses a page it does not understand', () => {
  expect(() => extractInlineScript('<p></p>')).toThrow(/exactly one/);
  expect(() => extractInlineScript('<script>a</script><script>b</script>')).toThrow(/found 2/);
});

it('writes into the worker what only the whole build knows, once each', () => {
  expect(stamp('a("X");b("Y")', { X: '/boot.js', Y: 'd1' })).toBe('a("/boot.js");b("d1")');
  expect(() => stamp('a("X")', { X: '1', Y: '2' })).toThrow(/Y exactly once/);
  expect(() => stamp('X X', { X: '1' })).toThrow(/X exactly once/);
});

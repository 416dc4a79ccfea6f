import { expect, it } from 'vitest';
import { extractInlineScript } from './strict-static.js';

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

/** Waiting for what must become true, with a message that says what it was instead. */
export async function until(what, probe, { timeout = 8000, every = 50 } = {}) {
  const end = Date.now() + timeout;
  let last;
  for (;;) {
    last = await probe();
    if (last) return last;
    if (Date.now() > end) throw new Error(`not within ${timeout} ms: ${what} (last: ${JSON.stringify(last)})`);
    await new Promise((done) => setTimeout(done, every));
  }
}

export function equal(actual, expected, what) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: expected ${b}, got ${a}`);
}

export function ok(value, what) {
  if (!value) throw new Error(what);
}

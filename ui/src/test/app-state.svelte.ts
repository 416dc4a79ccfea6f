/** Stands in for SvelteKit's $app/state in unit tests; a test sets what it needs. */
class TestPage {
  url = $state(new URL('http://localhost/'));
  params = $state<Record<string, string>>({});
  route = $state<{ id: string | null }>({ id: '/' });
  status = $state(200);
  state = $state({});
}

export const page = new TestPage();

/** What a person types as a server's address: its origin, null for the built-in server, undefined when it is no address. */
export function serverUrl(text: string): string | null | undefined {
  const typed = text.trim();
  if (typed === '') return null;
  const local = /^(localhost|127\.|\[::1\])/i.test(typed);
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(typed)
    ? typed
    : `${local ? 'http' : 'https'}://${typed}`;
  if (!URL.canParse(withScheme)) return undefined;
  const url = new URL(withScheme);
  const isHttp = url.protocol === 'https:' || url.protocol === 'http:';
  if (!isHttp || url.username !== '' || url.password !== '') return undefined;
  return url.origin;
}

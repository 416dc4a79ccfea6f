/** Stands in for SvelteKit's $app/paths in unit tests. */
export const base = '';
export const assets = '';
export const resolve = (path: string): string => path;

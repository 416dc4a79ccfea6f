/** Stands in for SvelteKit's $app/navigation in unit tests: records where a component wanted to go. */
export const visited: string[] = [];

export function goto(path: string): Promise<void> {
  visited.push(path);
  return Promise.resolve();
}

export function afterNavigate(): void {}
export function beforeNavigate(): void {}
export function replaceState(path: string): void {
  visited.push(path);
}
export function pushState(path: string): void {
  visited.push(path);
}

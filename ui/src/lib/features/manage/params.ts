/** The names in the address of the page that is shown: staff's pages are one route of the app, so its own params have none. */
import { createContext } from 'svelte';

type Params = () => Readonly<Record<string, string>>;

const [get, set] = createContext<Params>();

export const setParams = set;

/** Reads one, and follows it. Call it while a component is made. */
export function param(name: string): () => string {
  const params = get();
  return () => params()[name] ?? '';
}

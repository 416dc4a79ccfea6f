/** The theater whose pages these are, and what the person may do there: for every page below it. */
import { createContext } from 'svelte';
import type { Duty, MyTheater } from '$lib/platform';

export interface Here {
  readonly theater: MyTheater;
  may(action: Duty): boolean;
}

export const [here, setHere] = createContext<Here>();

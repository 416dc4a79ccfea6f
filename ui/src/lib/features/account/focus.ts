/** After a refusal the first wrong field is where the person is. */
import { tick } from 'svelte';

export async function focusFirstError(form: HTMLElement): Promise<void> {
  await tick();
  form.querySelector<HTMLElement>('[aria-invalid]')?.focus();
}

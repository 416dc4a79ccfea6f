import { error } from '@sveltejs/kit';

export function load(): void {
  if (!__GALLERY__) error(404, 'Not found');
}

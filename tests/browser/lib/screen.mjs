/** Finding things on a screen the way people do: by their words. */
import { say } from './tools.mjs';

export const button = (scope, key, given) => scope.getByRole('button', { name: say(key, given) });
export const link = (scope, key, given) => scope.getByRole('link', { name: say(key, given) });
export const field = (scope, key) => scope.getByLabel(say(key)).first();
export const toast = (page, key, given) => page.getByText(say(key, given)).first();
export const heading = (scope, key, given) => scope.getByRole('heading', { name: say(key, given) });
export const title = (page) => page.locator('[data-page-title]');

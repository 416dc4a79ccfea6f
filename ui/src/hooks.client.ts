import type { HandleClientError } from '@sveltejs/kit';

/** An address that leads nowhere is the page's to explain, not the console's. Anything else is a fault worth seeing. */
export const handleError: HandleClientError = ({ error, status, message }) => {
  // eslint-disable-next-line no-console -- the only trace a fault leaves in a single-page app
  if (status !== 404) console.error(error);
  return { message };
};

import type { HandleClientError } from '@sveltejs/kit';

/** What browsers, and vite's preloading, say when a page's own script or style could not be fetched. */
const NOT_FETCHED =
  /dynamically imported module|preload CSS|module script failed|error loading dynamically/i;

/**
 * An address that leads nowhere, and a page that could not be fetched, are the page's to explain, not the console's.
 * Anything else is a fault worth seeing.
 */
export const handleError: HandleClientError = ({ error, status, message }) => {
  if (error instanceof Error && NOT_FETCHED.test(error.message)) {
    return { message, unreachable: true };
  }
  // eslint-disable-next-line no-console -- the only trace a fault leaves in a single-page app
  if (status !== 404) console.error(error);
  return { message };
};

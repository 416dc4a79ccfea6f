/**
 * SvelteKit builds this into /service-worker.js, beside the app and apart from it. The work is in lib/platform/worker; the
 * two names in capitals are known only when everything else is built: scripts/strict-static.js writes them in.
 */
import { build, files } from '$service-worker';
import { work } from './lib/platform/worker';
import type { WorkerScope } from './lib/platform/worker/scope';

/** Of the font only the alphabet that both languages use; the others are kept when somebody needs them. */
const wanted = (file: string) => !file.endsWith('.woff2') || file.includes('inter-latin-wght');

work(self as unknown as WorkerScope, {
  digest: 'SHELL_DIGEST',
  boot: 'SHELL_BOOT',
  files: [...build.filter(wanted), ...files]
});

/**
 * A push service may give a browser another address at any time. The worker subscribes again and tells the server, with
 * the session's cookie; whoever signed out is left in peace. The page learns of it when it next asks how things stand.
 */
import type { Moved, WorkerScope } from './scope';

const PATH = '/api/v1/users/me/subscriptions';

export async function renew(
  scope: Pick<WorkerScope, 'fetch' | 'registration'>,
  event: Pick<Moved, 'oldSubscription' | 'newSubscription'>
): Promise<void> {
  const key = await keyOf(scope);
  if (key === null) return;
  const { pushManager } = scope.registration;
  const subscription =
    event.newSubscription ??
    (await pushManager.getSubscription()) ??
    (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
  const { endpoint, keys } = subscription.toJSON();
  await scope.fetch(PATH, {
    method: 'PUT',
    credentials: 'same-origin',
    headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
    body: JSON.stringify({ channel: 'web_push', endpoint, keys })
  });
}

/** The server's key; null for who is not signed in, or when the server is not reached. */
async function keyOf(scope: Pick<WorkerScope, 'fetch'>): Promise<string | null> {
  const headers = { Accept: 'application/json' };
  try {
    const answer = await scope.fetch(PATH, { credentials: 'same-origin', headers });
    if (!answer.ok) return null;
    const said = (await answer.json()) as { push_key?: unknown };
    return typeof said.push_key === 'string' ? said.push_key : null;
  } catch {
    return null;
  }
}

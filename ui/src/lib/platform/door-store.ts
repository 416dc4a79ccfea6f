/**
 * What a door keeps on this device, in IndexedDB: lists by theater, scans by their id, and what the door is called. A browser that
 * keeps nothing (a private window) has it in memory for as long as the page is open.
 */
import type { DoorSettings, KeptList, KeptScan } from './door';

export const DOOR_DATABASE = 'matinee-door';
const VERSION = 1;
type StoreName = 'lists' | 'scans' | 'settings';
const STORES: readonly StoreName[] = ['lists', 'scans', 'settings'];

function open(): Promise<IDBDatabase> {
  return new Promise((done, refuse) => {
    const asked = indexedDB.open(DOOR_DATABASE, VERSION);
    asked.onupgradeneeded = () => {
      for (const store of STORES) asked.result.createObjectStore(store);
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => refuse(asked.error ?? new Error('no database'));
    asked.onblocked = () => refuse(new Error('the database is blocked'));
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((done, refuse) => {
    transaction.oncomplete = () => done();
    transaction.onerror = () => refuse(transaction.error ?? new Error('not kept'));
    transaction.onabort = () => refuse(transaction.error ?? new Error('not kept'));
  });
}

export class DoorStore {
  #database: Promise<IDBDatabase | null> | null = null;
  readonly #memory: Record<StoreName, Map<string, unknown>> = {
    lists: new Map(),
    scans: new Map(),
    settings: new Map()
  };

  #opened(): Promise<IDBDatabase | null> {
    this.#database ??= open().catch(() => null);
    return this.#database;
  }

  async #put(store: StoreName, key: string, value: unknown): Promise<void> {
    this.#memory[store].set(key, value);
    const database = await this.#opened();
    if (!database) return;
    // A scan must outlive a device that runs dry a moment later.
    const transaction = database.transaction(store, 'readwrite', { durability: 'strict' });
    transaction.objectStore(store).put(value, key);
    await finished(transaction);
  }

  async #all<T>(store: StoreName): Promise<T[]> {
    const database = await this.#opened();
    if (!database) return [...this.#memory[store].values()] as T[];
    return new Promise((done, refuse) => {
      const asked = database.transaction(store).objectStore(store).getAll();
      asked.onsuccess = () => done(asked.result as T[]);
      asked.onerror = () => refuse(asked.error ?? new Error('not read'));
    });
  }

  async #remove(store: StoreName, keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#memory[store].delete(key);
    const database = await this.#opened();
    if (!database || keys.length === 0) return;
    const transaction = database.transaction(store, 'readwrite');
    for (const key of keys) transaction.objectStore(store).delete(key);
    await finished(transaction);
  }

  keepList(kept: KeptList): Promise<void> {
    return this.#put('lists', kept.theater_id, kept);
  }

  keptLists(): Promise<KeptList[]> {
    return this.#all('lists');
  }

  keepScan(kept: KeptScan): Promise<void> {
    return this.#put('scans', kept.scan.scan_id, kept);
  }

  async keptScans(theaterId: string): Promise<KeptScan[]> {
    const all = await this.#all<KeptScan>('scans');
    return all
      .filter((one) => one.theater_id === theaterId)
      .sort((a, b) => a.scan.scanned_at.localeCompare(b.scan.scanned_at));
  }

  forgetScans(scanIds: readonly string[]): Promise<void> {
    return this.#remove('scans', scanIds);
  }

  async settings(theaterId: string): Promise<DoorSettings | null> {
    const all = await this.#all<{ theater_id: string; settings: DoorSettings }>('settings');
    return all.find((one) => one.theater_id === theaterId)?.settings ?? null;
  }

  saveSettings(theaterId: string, settings: DoorSettings): Promise<void> {
    return this.#put('settings', theaterId, { theater_id: theaterId, settings });
  }

  /** When somebody signs out: who comes next has no business with the list. Scans stay until they are told. */
  async forgetLists(): Promise<void> {
    const lists = await this.keptLists();
    await this.#remove(
      'lists',
      lists.map((one) => one.theater_id)
    );
  }
}

/** The theater somebody runs on the computer this app is on: a server of their own, whose staff work in a browser. */
import type { NetworkHere } from './types';

export interface RunningTheater {
  /** Where this computer reaches it. */
  url: string;
  /** Makes whoever opens it its administrator; null once there is one. */
  setup_link: string | null;
  network: NetworkHere;
}

export interface LocalTheater {
  /** Its data is in this folder. */
  folder: string;
  /** Somebody ran it before. */
  begun: boolean;
  running: RunningTheater | null;
  /** Why it did not start, or not as it was asked to. */
  trouble: string | null;
}

/** Each answers how it stands then; null where none can be run. */
export interface TheaterHere {
  state(): Promise<LocalTheater | null>;
  /** Starts it, or starts it anew when `lan` is another than before. */
  run(lan: boolean): Promise<LocalTheater | null>;
  stop(): Promise<LocalTheater | null>;
}

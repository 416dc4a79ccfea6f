/** A sound and a shake for each verdict, so that nobody has to look: up for in, twice the same for look, down for no. */
import type { Tone } from './verdicts';

const MELODY: Record<Tone, [hertz: number, from: number, seconds: number][]> = {
  go: [
    [660, 0, 0.09],
    [990, 0.1, 0.14]
  ],
  look: [
    [520, 0, 0.12],
    [520, 0.18, 0.12]
  ],
  stop: [
    [330, 0, 0.16],
    [196, 0.17, 0.34]
  ],
  ask: [[600, 0, 0.1]]
};
const SHAKE: Record<Tone, number[]> = {
  go: [60],
  look: [60, 80, 60],
  stop: [220, 80, 220],
  ask: [40]
};

let context: AudioContext | undefined;

/** Sounds need a tap first: call it on one. */
export function allowSound(): void {
  context ??= new AudioContext();
  void context.resume();
}

export function signal(tone: Tone, sound: boolean): void {
  navigator.vibrate?.(SHAKE[tone]);
  if (!sound || context?.state !== 'running') return;
  for (const [hertz, from, seconds] of MELODY[tone]) {
    const begin = context.currentTime + from;
    const voice = context.createOscillator();
    const gain = context.createGain();
    voice.type = tone === 'stop' ? 'square' : 'sine';
    voice.frequency.value = hertz;
    gain.gain.setValueAtTime(0.0001, begin);
    gain.gain.exponentialRampToValueAtTime(0.25, begin + 0.01);
    gain.gain.exponentialRampToValueAtTime(0.0001, begin + seconds);
    voice.connect(gain).connect(context.destination);
    voice.start(begin);
    voice.stop(begin + seconds + 0.02);
  }
}

/** Keeps the screen on while a door is open; asks again whenever the page comes back to sight. */
export function keepAwake(): () => void {
  let lock: WakeLockSentinel | undefined;
  let ended = false;
  const ask = async () => {
    if (document.visibilityState !== 'visible' || ended) return;
    try {
      lock = await navigator.wakeLock?.request('screen');
      if (ended) await lock?.release();
    } catch {
      // A low battery, or a browser without it: the screen goes off as usual.
      lock = undefined;
    }
  };
  const seen = () => void ask();
  void ask();
  document.addEventListener('visibilitychange', seen);
  return () => {
    ended = true;
    document.removeEventListener('visibilitychange', seen);
    void lock?.release();
  };
}

/** What a key does at each step of a sale, for hands that never leave the keyboard. Pure. */
import type { Step } from './sale.svelte';

export type Act =
  | { do: 'show'; index: number }
  | { do: 'best'; count: number }
  | { do: 'pay' }
  | { do: 'method'; method: 'cash' | 'terminal' | 'invitation' }
  | { do: 'tender' }
  | { do: 'sell' }
  | { do: 'print' }
  | { do: 'next' }
  | { do: 'back' };

export function actOf(step: Step, key: string): Act | null {
  const digit = /^[1-9]$/.test(key) ? Number(key) : null;
  if (key === 'Escape' && (step === 'seats' || step === 'pay')) return { do: 'back' };
  if (step === 'show') return digit === null ? null : { do: 'show', index: digit - 1 };
  if (step === 'seats') {
    if (digit !== null) return { do: 'best', count: digit };
    return key === 'Enter' ? { do: 'pay' } : null;
  }
  if (step === 'pay') {
    if (key === 'Enter') return { do: 'sell' };
    if (/^\d$/.test(key)) return { do: 'tender' };
    const method = { b: 'cash', c: 'cash', k: 'terminal', t: 'terminal', i: 'invitation' }[
      key.toLowerCase()
    ];
    return method ? { do: 'method', method: method as 'cash' | 'terminal' | 'invitation' } : null;
  }
  if (key === 'Enter') return { do: 'next' };
  return key.toLowerCase() === 'p' ? { do: 'print' } : null;
}

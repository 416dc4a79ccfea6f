/**
 * The app's two live regions and its toasts. `announce` speaks without showing; `toast` shows and speaks, with one
 * action at most ("Undo"). A toast with an action stays longer and never blocks.
 */
interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'ok' | 'bad';
  action?: { label: string; run: () => void };
}

const PLAIN_MS = 5000;
const ACTION_MS = 10_000;
const MAX_TOASTS = 3;

let nextId = 1;

class Announcer {
  polite = $state('');
  assertive = $state('');
  toasts = $state.raw<Toast[]>([]);

  announce(text: string, urgency: 'polite' | 'assertive' = 'polite'): void {
    // The same words twice are news twice: the no-break space makes them differ.
    const different = (before: string) => (before === text ? `${text}\u00a0` : text);
    if (urgency === 'polite') this.polite = different(this.polite);
    else this.assertive = different(this.assertive);
  }

  toast(text: string, options: Partial<Omit<Toast, 'id' | 'text'>> = {}): number {
    const toast: Toast = { tone: 'plain', ...options, id: nextId++, text };
    this.toasts = [...this.toasts, toast].slice(-MAX_TOASTS);
    this.announce(text);
    setTimeout(() => this.dismiss(toast.id), toast.action ? ACTION_MS : PLAIN_MS);
    return toast.id;
  }

  dismiss(toastId: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== toastId);
  }
}

export const announcer = new Announcer();

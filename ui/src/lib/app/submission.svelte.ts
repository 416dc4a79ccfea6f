/** One form's way to the server: busy, refused or done. A second press while busy does nothing; typed data stays. */
import { fieldErrors } from './errors';

export class Submission {
  busy = $state(false);
  error = $state.raw<unknown>(null);
  /** Field messages, the form's own first. */
  fields = $state.raw<Record<string, string>>({});

  async run(action: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.error = null;
    this.fields = {};
    try {
      await action();
      return true;
    } catch (error) {
      this.error = error;
      this.fields = fieldErrors(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** Refused before sending. */
  refuse(fields: Record<string, string>): void {
    this.error = null;
    this.fields = fields;
  }
}

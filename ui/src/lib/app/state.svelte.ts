/**
 * What every page may need to know about the app itself: who is signed in, whether the server is in reach, the
 * settings. Filled once by `start`, then kept current. Left out: anything the server owns, which is in queries.
 */
import { isLocale, setLocale, getLocale } from '$lib/paraglide/runtime';
import { platform, type Session, type Settings, type Status } from '$lib/platform';

const guest: Session = {
  signed_in: false,
  user_id: null,
  email: null,
  name: null,
  session_only: false
};

class AppState {
  session = $state.raw<Session>(guest);
  status = $state.raw<Status>({ online: true, as_of: null });
  settings = $state.raw<Settings>({
    theme: 'system',
    language: null,
    favourite_theater_id: null,
    party_size: 2,
    server_url: null,
    session_only: false
  });

  async start(): Promise<void> {
    const host = platform();
    host.status((status) => (this.status = status));
    this.settings = await host.settings();
    applyTheme(this.settings.theme);
    void this.refreshSession();
  }

  /** A failure leaves the person as they were: offline is no reason to look signed out. */
  async refreshSession(): Promise<void> {
    try {
      this.session = await platform().session();
    } catch {
      return;
    }
  }

  async save(change: Partial<Settings>): Promise<void> {
    this.settings = await platform().saveSettings(change);
    applyTheme(this.settings.theme);
    const language = this.settings.language ?? navigator.language.split('-')[0];
    if ('language' in change && isLocale(language) && language !== getLocale()) {
      await setLocale(language);
    }
  }

  async signOut(): Promise<void> {
    await platform().logout();
    this.session = guest;
  }
}

function applyTheme(theme: Settings['theme']): void {
  document.documentElement.dataset['theme'] = theme;
}

export const app = new AppState();

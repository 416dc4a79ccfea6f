// Runs before the first paint, so that a chosen theme or language never flashes the other one.
// A file and not an inline script: the page's policy allows none.
(function () {
  try {
    var saved = JSON.parse(localStorage.getItem('matinee.settings') || '{}');
    if (saved.theme === 'dark' || saved.theme === 'light') {
      document.documentElement.dataset.theme = saved.theme;
    }
    var locale = localStorage.getItem('PARAGLIDE_LOCALE');
    if (locale) document.documentElement.lang = locale;
  } catch (error) {
    // Storage may be closed to us; the system's theme is right then.
    void error;
  }
})();

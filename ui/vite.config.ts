import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';

// The component gallery is for development and for the tests that look at it; a release has none.
const gallery = process.env['MATINEE_GALLERY'] === '1';

// What staff's many pages share with few others would else count as shared by all.
//
// Of the words for what went wrong only those that any page can meet (`lib/app/errors.ts`) are shared; a new one of a
// form stays out by itself.
const ofForms =
  /valibot|features.seatmap|components.(Select|Segmented|Checkbox|Chip)\.|[iI]nfiniteQuery|account.queries|features.account|components.Field|components.FormError|form-errors|app.submission|messages.(field|server)_|messages.error_(?!(offline|not_found|busy|signed_out|keyring)_|title|detail)/;

// Staff's pages and words travel with them: no moviegoer's page waits for one.
const ofStaff =
  /(features|routes).manage|messages.(manage|door|counter|day)_|platform.browser-(staff|door|counter|days)|platform.door-store/;

export default defineConfig(({ command }) => ({
  define: { __GALLERY__: JSON.stringify(gallery || command === 'serve') },
  plugins: [
    paraglideVitePlugin({
      project: './project.inlang',
      outdir: './src/lib/paraglide',
      emitTsDeclarations: true,
      strategy: ['localStorage', 'preferredLanguage', 'baseLocale']
    }),
    sveltekit()
  ],
  server: {
    proxy: { '/api': { target: process.env['MATINEE_SERVER'] ?? 'http://127.0.0.1:8080' } }
  },
  build: {
    target: ['es2022', 'safari16'],
    rolldownOptions: {
      output: {
        // What most pages share travels as one file: dozens of files of a kilobyte compress badly. Forms and the words
        // for what may go wrong with them stay out of it: the seat map, the heaviest page, has none.
        codeSplitting: {
          groups: [
            {
              name: 'shared',
              test: (id) => !ofForms.test(id) && !ofStaff.test(id),
              minShareCount: 6,
              priority: 1
            },
            // Words of the frame around every page, which a few pages also use: one file, not one each.
            { name: 'frame', test: /messages.(nav|back)_/, minShareCount: 2 },
            { name: 'staff', test: ofStaff, minShareCount: 4 }
          ]
        }
      }
    }
  }
}));

import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';

// The component gallery is for development and for the tests that look at it; a release has none.
const gallery = process.env['MATINEE_GALLERY'] === '1';

// What staff's many pages share with a few of everybody's would else count as shared by all.
//
// Of the words for what went wrong only those that any page can meet (`lib/app/errors.ts`) are shared; a new one of a
// form stays out by itself.
const ofForms =
  /valibot|bindings.(input|select)|blocks.html|features.seatmap|messages.seat_|components.(Select|Segmented|Checkbox|Chip)\.|[iI]nfiniteQuery|account.queries|features.account|components.Field|components.FormError|form-errors|app.(submission|intention)|platform.uncertain|messages.(field|server)_|messages.error_(?!(offline|not_found|busy|signed_out|keyring)_|title|detail)/;

// Staff's pages and words travel with them: no moviegoer's page waits for one.
const ofStaff =
  /(features|routes).manage|messages.(manage|door|counter|day)_|platform.browser-(staff|door|counter|days)|platform.door-store/;

const ofFrame =
  /messages.(nav|back|skip)_|components.(Toasts|LiveRegion)|icons.(wifi-off|x|ticket)\.svelte/;

// The hall with the page that sells its seats, in one file: staff, who need the hall alone, carry the rest along. What shows
// only sometimes (list, minimap) and what tickets need too (names of seats) is not in it.
const ofHall =
  /features.seatmap.(SeatMap|board|draw|pan-zoom|rows|view|batch|ZoomButtons|Legend)\b|features.booking.(SeatPage|SeatTools|BestSeats|ChoiceBar|ChosenSeats|choice|sale)\b/;

// What keeps somebody who presses twice from paying twice: for all who change something, and nobody who only looks.
const ofChanges = /platform.uncertain|app.intention/;

const ofNames =
  /features.seatmap.naming|icons.(map|list|arrow-left|plus|minus|sparkles)\.svelte|messages.seat_(place|available|chosen|held|sold|blocked|kind|restricted)/;

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
            // What the frames around every page have in common, and words of it that a few pages also use: one file.
            { name: 'frame', test: ofFrame, minShareCount: 2 },
            { name: 'names', test: ofNames, minShareCount: 2, priority: 1 },
            { name: 'changes', test: ofChanges, minShareCount: 2, priority: 1 },
            { name: 'hall', test: ofHall, minShareCount: 1 },
            { name: 'staff', test: ofStaff, minShareCount: 4 }
          ]
        }
      }
    }
  }
}));

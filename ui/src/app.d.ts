declare global {
  /** True in development and in test builds that ask for the component gallery. */
  const __GALLERY__: boolean;

  namespace App {
    interface Error {
      message: string;
      /** A part of the app itself could not be fetched, because its server is out of reach. */
      unreachable?: boolean;
    }
    interface PageState {
      /** Set while a sheet is open, so that the back gesture closes the sheet first. */
      sheet?: string;
    }
  }
}

export {};

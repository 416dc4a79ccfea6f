/** Where this device is, by whatever the web view knows: fetched when somebody asks what is near. */
import { PlatformError } from './error';
import type { Coordinates } from './platform';

export function locate(): Promise<Coordinates> {
  return new Promise((resolve, reject) => {
    const refuse = (detail: string) =>
      reject(
        new PlatformError({ kind: 'invalid', code: 'no_position', title: 'No position', detail })
      );
    if (!('geolocation' in navigator)) return refuse('This browser has no location service.');
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ latitude: coords.latitude, longitude: coords.longitude }),
      (error) => refuse(error.message),
      { maximumAge: 600_000, timeout: 10_000 }
    );
  });
}

import { expect, it } from 'vitest';
import { serverUrl } from './server-url';

it.each([
  ['', null],
  ['  ', null],
  ['cinema.example', 'https://cinema.example'],
  ['https://cinema.example/some/path?x=1', 'https://cinema.example'],
  ['http://192.168.1.5:8080', 'http://192.168.1.5:8080'],
  ['localhost:8080', 'http://localhost:8080'],
  ['127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ['ftp://cinema.example', undefined],
  ['https://user:word@cinema.example', undefined],
  ['https://', undefined],
  ['not an address', undefined]
])('%j means %j', (typed, expected) => {
  expect(serverUrl(typed)).toBe(expected);
});

/** The lock file installs on every machine: with `npm ci`, from whatever registry, for whatever platform. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Lock, lockFile, missingEntries } from '../../scripts/completeLock.ts';

const lock = JSON.parse(readFileSync(lockFile, 'utf8')) as Lock;

test('it names no download hosts', () => {
  expect(readFileSync(lockFile, 'utf8')).not.toMatch(/"resolved"|https?:\/\/[^"]*\.tgz/);
});

test('it has an entry for every optional package (if not: node scripts/completeLock.ts)', () => {
  expect(missingEntries(lock)).toEqual([]);
});

test('a package for another platform that npm left out is missed', () => {
  const packages = {
    'node_modules/a': {
      dev: true,
      optionalDependencies: { '@a/linux-x64': '1.0.0', '@a/darwin-x64': '1.0.0' },
    },
    'node_modules/@a/linux-x64': { version: '1.0.0' },
  };
  expect(missingEntries({ packages })).toEqual([{ name: '@a/darwin-x64', version: '1.0.0', dev: true }]);
});

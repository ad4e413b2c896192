/** A run that must not be green: one test passes, one fails. `run.ts` checks that it notices. */
import assert from 'node:assert/strict';
import { test } from '../testing.ts';

test('a test that passes', () => undefined);

test('a test that fails', () => assert.equal(1, 2));

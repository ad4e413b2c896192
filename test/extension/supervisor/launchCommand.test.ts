/** How the child is started; Electron's executable opens a second editor when the first of these is broken. */
import { expect, test } from 'vitest';
import { launchCommand } from '../../../extension/supervisor/launchCommand.ts';

const surroundings = {
  execPath: '/opt/code/code',
  nodePath: '',
  runtimeFile: '/ext/dist/runtime/runtime.js',
  env: {},
};

test('the editor behaves as Node for the child', () => {
  const { command, args, env } = launchCommand({ ...surroundings, env: { PATH: '/bin' } });
  expect(command).toBe('/opt/code/code');
  expect(args).toEqual(['/ext/dist/runtime/runtime.js']);
  expect(env).toEqual({ PATH: '/bin', ELECTRON_RUN_AS_NODE: '1' });
});

test('also when the editor says otherwise for its own children', () => {
  expect(launchCommand({ ...surroundings, env: { ELECTRON_RUN_AS_NODE: '' } }).env.ELECTRON_RUN_AS_NODE).toBe(
    '1',
  );
});

test('a Node of the user takes its place', () => {
  expect(launchCommand({ ...surroundings, nodePath: ' /usr/bin/node ' }).command).toBe('/usr/bin/node');
});

test('nothing that is meant for the editor reaches the runtime', () => {
  const env = { NODE_OPTIONS: '--inspect', VSCODE_INSPECTOR_OPTIONS: '{}', HOME: '/home/u' };
  expect(launchCommand({ ...surroundings, env }).env).toEqual({ HOME: '/home/u', ELECTRON_RUN_AS_NODE: '1' });
});

/** Rows as a user reads them. */
import { expect, test } from 'vitest';
import { statusText } from '../../../extension/editor/statusText.ts';
import { factsOf } from '../../../extension/job/facts.ts';
import type { JobView } from '../../../extension/job/jobView.ts';
import { checkpointRows } from '../../../extension/trees/checkpointRows.ts';
import { jobRows } from '../../../extension/trees/jobRows.ts';
import { plain, type Row } from '../../../extension/trees/row.ts';
import { savepointRows, snapshotRef } from '../../../extension/trees/savepointRows.ts';
import { sayEnglish as say } from '../../../extension/words/say.ts';
import { ourNow, runningView, sample, savepoint, snapshot, stall } from '../examples.ts';

/** One line a row: icon, label, description, context. */
function drawn(rows: readonly Row[], indent = ''): string[] {
  return rows.flatMap((row) => [
    `${indent}${row.icon} | ${row.label} | ${row.description} | ${row.context}`,
    ...drawn(row.children, `${indent}  `),
  ]);
}

const withStall: JobView = { ...runningView, facts: factsOf({ ...snapshot, stalls: [stall] }, ourNow) };
const crashed: JobView = {
  ...runningView,
  isLive: false,
  state: { phase: 'crashed', exit: { code: null, signal: 'SIGKILL', lastWords: null } },
};
const finished: JobView = {
  ...runningView,
  isLive: false,
  state: {
    phase: 'ended',
    lingering: false,
    outcome: { type: 'finished', savepoint: null, recordsIn: 1, recordsOut: 1 },
  },
};
const starting: JobView = {
  ...runningView,
  facts: null,
  isLive: false,
  state: { phase: 'starting', since: 0, recovery: false, port: null, again: false },
};

test.each<[string, JobView, string[]]>([
  [
    'a running job',
    runningView,
    [
      'play-circle | delays | running · 1 m 30 s · parallelism 2 | sluice.job.live',
      '  arrow-right | weather | 980/s · busy 63 % | sluice.vertex.source',
      '  circle-outline | enrich | 1.31k/s · busy 40 % | sluice.vertex',
    ],
  ],
  [
    'a stalled job, with the cause marked',
    withStall,
    [
      'warning | delays | stalled · 1 m 30 s · parallelism 2 | sluice.job.live',
      '  warning | weather | 980/s · busy 63 % | sluice.vertex.source',
      '  circle-outline | enrich | 1.31k/s · busy 40 % | sluice.vertex',
    ],
  ],
  [
    'a crashed job, whose old rates are not shown as if they were new',
    crashed,
    [
      'error | delays | crashed · parallelism 2 | sluice.job.crashed',
      '  arrow-right | weather | – | sluice.vertex.source',
      '  circle-outline | enrich | – | sluice.vertex',
    ],
  ],
  ['a finished job', finished, ['pass | delays | finished · parallelism 2 | sluice.job.over']],
  ['a job that starts', starting, ['loading~spin | delays | starting | sluice.job.busy']],
])('%s', (_, view, rows) => expect(drawn(jobRows([view], ourNow, say))).toEqual(rows));

test('a rate is known only when every subtask has told its own', () => {
  const partly = {
    ...snapshot,
    telemetry: { ...snapshot.telemetry, subtasks: [sample('enrich', 0, 700, 0.2)] },
  };
  const rows = drawn(jobRows([{ ...runningView, facts: factsOf(partly, ourNow) }], ourNow, say));
  expect(rows[2]).toBe('  circle-outline | enrich | – | sluice.vertex');
});

test('checkpoints, newest first', () => {
  expect(drawn(checkpointRows([runningView], ourNow, say))).toEqual([
    'pass | #42 | 52 ms · 8.0 KiB · 12 s ago | sluice.checkpoint.completed.restorable',
    'error | #41 | CHECKPOINT_EXPIRED · 12 s ago | sluice.checkpoint.failed',
  ]);
});

test('checkpoints of two jobs stand below their jobs', () => {
  const rows = checkpointRows([runningView, { ...runningView, file: '/w/b.ts', name: 'other' }], ourNow, say);
  expect(rows.map(({ label, children }) => [label, children.length])).toEqual([
    ['delays', 2],
    ['other', 2],
  ]);
});

test('savepoints, newest first, damaged ones last', () => {
  const newest = savepoint('newest', { createdAt: ourNow - 5_000 });
  const shelves = [
    {
      folder: '/w',
      folderName: 'w',
      savepoints: [savepoint('older'), newest],
      damaged: [{ path: '/w/.sluice/savepoints/bad', message: 'manifest.json is cut off' }],
    },
    { folder: '/x', folderName: 'x', savepoints: [], damaged: [] },
  ];
  expect(drawn(savepointRows({ shelves, compareFrom: snapshotRef('/w', newest), now: ourNow }, say))).toEqual(
    [
      'git-compare | newest | selected for compare · 5 s ago · 8.0 KiB | sluice.savepoint.selected',
      'bookmark | older | 3 m ago · 8.0 KiB | sluice.savepoint',
      'error | bad | cannot be read | sluice.damaged',
    ],
  );
});

test('savepoints of several jobs and folders say whose they are', () => {
  const shelves = [
    { folder: '/w', folderName: 'w', savepoints: [savepoint('a')], damaged: [] },
    { folder: '/x', folderName: 'x', savepoints: [savepoint('b', { job: 'other' })], damaged: [] },
  ];
  expect(
    savepointRows({ shelves, compareFrom: null, now: ourNow }, say).map(({ description }) => description),
  ).toEqual(['3 m ago · 8.0 KiB · delays · w', '3 m ago · 8.0 KiB · other · x']);
});

test.each<[string, JobView, string | null, string]>([
  ['running', runningView, '$(play-circle) delays · #42 11 s ago', 'normal'],
  ['stalled', withStall, '$(warning) delays · stalled · #42 11 s ago', 'warning'],
  ['crashed', crashed, '$(error) delays · crashed', 'error'],
  ['starting', starting, '$(loading~spin) delays · starting', 'normal'],
  ['finished', finished, null, ''],
])('the status bar of a job that is %s', (_, view, text, severity) => {
  const status = statusText(view, ourNow, say);
  expect([status?.text ?? null, status?.severity ?? '']).toEqual([text, severity]);
});

test('the tooltip of a stall names the cause', () => {
  expect(statusText(withStall, ourNow, say)?.tooltip).toContain('weather[0] has not sent barrier 43.');
});

test('text from a pipeline is no markdown', () =>
  expect(plain('a*b [x](command:y)\n<c>')).toBe('a\\*b \\[x\\]\\(command:y\\) \\<c\\>'));

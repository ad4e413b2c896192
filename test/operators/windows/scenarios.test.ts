/** What Flink's windows do, window by window: see `scenario.ts` for how a line is read. */
import { describe, test } from 'vitest';
import {
  continuousEventTime,
  continuousProcessingTime,
  count,
  countEvictor,
  delta,
  deltaEvictor,
  eventTime,
  globalWindow,
  processingTime,
  purging,
  session,
  sliding,
  timeEvictor,
  tumbling,
} from '../../../runtime/api/index.ts';
import { check, late, listed, summed, type TimedRecord, type WrittenWindow } from './scenario.ts';

type Rows = readonly (readonly [string, WrittenWindow, string])[];

const play = (rows: Rows) => test.each(rows)('%s', (_name, windows, line) => check(windows, line));

describe('tumbling windows', () => {
  play([
    [
      'start is in, end is not; the watermark at the last millisecond fires',
      (keyed) => listed(keyed.window(tumbling(10))),
      '0 9 10 w8 w9 [0-10: 0 9] w18 w19 [10-20: 10]',
    ],
    [
      'before 1970, and with an offset',
      (keyed) => listed(keyed.window(tumbling(10, { offset: 3 }))),
      '-8 -7 2 3 w2 [-17--7: -8] [-7-3: -7 2] w12 [3-13: 3]',
    ],
    [
      'a negative offset, for a time zone',
      (keyed) => listed(keyed.window(tumbling('1 d', { offset: '-8 h' }))),
      '57599999 57600000 w57599999 [-28800000-57600000: 57599999] end [57600000-144000000: 57600000]',
    ],
    [
      'keys have windows of their own',
      (keyed) => listed(keyed.window(tumbling(10))),
      '1 b2 3 w9 [0-10: 1 3] [b 0-10: 2]',
    ],
    [
      'a record of the last fired millisecond is late, one of the next is not',
      (keyed) => listed(keyed.window(tumbling(10), { lateTo: late })),
      '5 w9 [0-10: 5] 9 (9) 0 (0) 10 w19 [10-20: 10]',
    ],
    [
      'the end of the input fires what is open',
      (keyed) => summed(keyed.window(tumbling(10))),
      '1 2 15 end [0-10: 2 of 3] [10-20: 1 of 15]',
    ],
  ]);
});

describe('allowed lateness', () => {
  play([
    [
      'a late record fires its window again, until the lateness is over',
      (keyed) => listed(keyed.window(tumbling(10), { allowedLateness: 5, lateTo: late })),
      '5 w9 [0-10: 5] 6 [0-10: 5 6] w13 7 [0-10: 5 6 7] w14 8 (8) w30',
    ],
    [
      'a window that was empty is fired by its first late record',
      (keyed) => listed(keyed.window(tumbling(10), { allowedLateness: 5, lateTo: late })),
      'w12 5 [0-10: 5] 6 [0-10: 5 6] w14 7 (7)',
    ],
    [
      'sliding: only those of its windows that have fired',
      (keyed) => listed(keyed.window(sliding(10, 5), { allowedLateness: 3, lateTo: late })),
      '6 w9 [0-10: 6] 7 [0-10: 6 7] w14 [5-15: 6 7] 8 [5-15: 6 7 8] w16 9 [5-15: 6 7 8 9] w17 9 (9)',
    ],
    [
      'a record that is too late for one window and not for the next',
      (keyed) => summed(keyed.window(sliding(10, 5), { allowedLateness: 1, lateTo: late })),
      '7 w9 [0-10: 1 of 7] w10 8 w14 [5-15: 2 of 15] 14 [5-15: 3 of 29] w15 14 w19 [10-20: 2 of 28]',
    ],
    [
      'what is emitted does not change when a late record is added',
      (keyed) => summed(keyed.window(tumbling(10), { allowedLateness: 9 })),
      '5 w9 [0-10: 1 of 5] save2 6 [0-10: 2 of 11] save 7 [0-10: 3 of 18]',
    ],
  ]);
});

describe('sliding windows', () => {
  play([
    [
      'a record is in every window that holds its time',
      (keyed) => listed(keyed.window(sliding(10, 5))),
      '0 4 5 9 w4 [-5-5: 0 4] w9 [0-10: 0 4 5 9] w14 [5-15: 5 9] w30',
    ],
    [
      'the order is that of arrival, not that of panes',
      (keyed) => listed(keyed.window(sliding(10, 5))),
      '7 2 9 3 save3 8 1 w9 [-5-5: 2 3 1] [0-10: 7 2 9 3 8 1] w14 [5-15: 7 9 8]',
    ],
    [
      'a slide that does not divide the size',
      (keyed) => summed(keyed.window(sliding(6, 4))),
      '0 3 4 5 6 w9 [-4-2: 1 of 0] [0-6: 4 of 12] [4-10: 3 of 15] w20',
    ],
    [
      'a slide above the size: records in the gaps are in no window, and not late either',
      (keyed) => listed(keyed.window(sliding(4, 10), { lateTo: late })),
      '0 3 4 9 10 w3 [0-4: 0 3] 5 w13 [10-14: 10] 5 (5) 12 (12) end',
    ],
    [
      'windows without records are not fired, however many lie between',
      (keyed) => listed(keyed.window(sliding(10, 5))),
      '1 101 w200 [-5-5: 1] [0-10: 1] [95-105: 101] [100-110: 101]',
    ],
    [
      'an earlier record comes when a later window waits already',
      (keyed) => listed(keyed.window(sliding(10, 5))),
      '12 2 w4 [-5-5: 2] w9 [0-10: 2] w14 [5-15: 12] w19 [10-20: 12]',
    ],
  ]);
});

describe('session windows', () => {
  play([
    [
      'a gap ends a session; two records a gap apart are in one',
      (keyed) => listed(keyed.window(session(5))),
      '1 6 12 w10 [1-11: 1 6] w16 [12-17: 12]',
    ],
    [
      'records between three sessions make them one',
      (keyed) => listed(keyed.window(session(5))),
      '0 10 20 save2 5 15 w24 [0-25: 0 10 5 20 15]',
    ],
    [
      'a session that grows to the front',
      (keyed) => summed(keyed.window(session(5))),
      '10 7 4 w13 w14 [4-15: 3 of 21]',
    ],
    [
      'a record inside a session changes nothing of it',
      (keyed) => summed(keyed.window(session(10))),
      '0 8 4 w16 w17 [0-18: 3 of 12]',
    ],
    [
      'a record whose own session is over is not late where it joins an open one',
      (keyed) => listed(keyed.window(session(5), { lateTo: late })),
      '10 w11 4 (4) 5 4 w14 [4-15: 10 5 4] 10 (10)',
    ],
    [
      'sessions that have fired merge within the lateness, and fire as one',
      (keyed) => listed(keyed.window(session(5), { allowedLateness: 20, lateTo: late })),
      '0 8 w12 [0-5: 0] [8-13: 8] 4 [0-13: 0 8 4] 9 w13 [0-14: 0 8 4 9] w32 0 [0-14: 0 8 4 9 0] w33 0 (0)',
    ],
    [
      'a fired session and an open one: the merged one fires at its own end',
      (keyed) => listed(keyed.window(session(5), { allowedLateness: 20 })),
      '0 8 w6 [0-5: 0] 4 w11 w12 [0-13: 0 8 4]',
    ],
    [
      'a gap of each record’s own',
      (keyed) => listed(keyed.window(session(({ time }: TimedRecord) => (time < 10 ? 10 : 2)))),
      '1 11 12 20 w13 [1-14: 1 11 12] w21 [20-22: 20]',
    ],
    [
      'of processing time',
      (keyed) => summed(keyed.window(session(10, { time: 'processing' }))),
      '1 +6 2 +9 save2 +1 [0-16: 2 of 3] 3 +10 [16-26: 1 of 3]',
    ],
  ]);
});

describe('processing time', () => {
  play([
    [
      'a window ends when the clock shows its end, not a millisecond before',
      (keyed) => summed(keyed.window(tumbling(10, { time: 'processing' }))),
      '5 +9 6 +1 [0-10: 2 of 11] 7 +9 +1 [10-20: 1 of 7]',
    ],
    [
      'sliding',
      (keyed) => summed(keyed.window(sliding(10, 5, { time: 'processing' }))),
      '5 +5 [-5-5: 1 of 5] 6 +5 [0-10: 2 of 11] save2 +5 [5-15: 1 of 6] +5',
    ],
    [
      'watermarks mean nothing to it, and no record is late',
      (keyed) => summed(keyed.window(tumbling(10, { time: 'processing' }))),
      'w100 5 w200 6 +10 [0-10: 2 of 11] end',
    ],
    [
      'what is open at the end of the input is not fired',
      (keyed) => summed(keyed.window(tumbling(10, { time: 'processing' }))),
      '5 end',
    ],
  ]);
});

describe('triggers', () => {
  play([
    [
      'count fires with every n-th record, and leaves the window as it is',
      (keyed) => listed(keyed.window(tumbling(10), { trigger: count(2) })),
      '1 2 [0-10: 1 2] 3 b4 save3 5 [0-10: 1 2 3 5] b6 [b 0-10: 4 6] w9 7 w19',
    ],
    [
      'count of sessions that merge',
      (keyed) => listed(keyed.window(session(5), { trigger: count(4) })),
      '0 8 4 16 12 [0-21: 0 8 4 16 12] 13',
    ],
    [
      'purging: what the window holds goes when it fires',
      (keyed) => summed(keyed.window(tumbling(10), { trigger: purging(count(2)) })),
      '1 2 [0-10: 2 of 3] 3 4 [0-10: 2 of 7] 5 w9 w19',
    ],
    [
      'purging event time with lateness: each firing has what came since',
      (keyed) => listed(keyed.window(tumbling(10), { trigger: purging(eventTime()), allowedLateness: 5 })),
      '1 2 w9 [0-10: 1 2] 3 [0-10: 3] 4 [0-10: 4] w14 w20',
    ],
    [
      'purging sliding windows: each for itself',
      (keyed) => listed(keyed.window(sliding(10, 5), { trigger: purging(count(2)) })),
      '6 2 [0-10: 6 2] 7 [5-15: 6 7] 8 [0-10: 7 8] 11 [5-15: 8 11] w30',
    ],
    [
      'continuous event time: at each multiple that the watermark passes, and at the end',
      (keyed) => listed(keyed.window(tumbling(20), { trigger: continuousEventTime(5) })),
      '1 w4 w5 [0-20: 1] 6 w9 w10 [0-20: 1 6] save2 7 w14 w15 [0-20: 1 6 7] w19 [0-20: 1 6 7]',
    ],
    [
      'continuous event time over sessions that merge',
      (keyed) => listed(keyed.window(session(10), { trigger: continuousEventTime(4) })),
      '0 w4 [0-10: 0] 6 w8 [0-16: 0 6] w15 [0-16: 0 6] [0-16: 0 6]',
    ],
    [
      'continuous event time: what was due before sessions merged is due then',
      (keyed) => listed(keyed.window(session(5), { trigger: continuousEventTime(100) })),
      '0 3 w4 [0-8: 0 3] w7 [0-8: 0 3]',
    ],
    [
      'continuous event time ends with the input, in a global window too',
      (keyed) => listed(keyed.window(globalWindow(), { trigger: continuousEventTime(10) })),
      '1 w10 [all: 1] 12 end [all: 1 12] [all: 1 12]',
    ],
    [
      'continuous processing time in a window of event time',
      (keyed) => listed(keyed.window(tumbling(100), { trigger: continuousProcessingTime(10) })),
      '1 +9 +1 [0-100: 1] 2 save2 +25 [0-100: 1 2] [0-100: 1 2] w99 +50',
    ],
    [
      'processing time in a window of event time that lies ahead',
      (keyed) => listed(keyed.window(tumbling(10), { trigger: processingTime() })),
      '12 w15 +19 +1 [10-20: 12] w19 +30',
    ],
    [
      'delta fires when a record differs enough from the one that fired last',
      (keyed) =>
        listed(keyed.window(globalWindow(), { trigger: delta(5, (last, { time }) => time - last.time) })),
      '1 4 6 7 [all: 1 4 6 7] 12 13 [all: 1 4 6 7 12 13]',
    ],
    [
      'event time over a global window fires at the end of the input',
      (keyed) => listed(keyed.window(globalWindow(), { trigger: eventTime() })),
      '1 w100 2 end [all: 1 2]',
    ],
    [
      'processing time over a global window never fires',
      (keyed) => listed(keyed.window(globalWindow(), { trigger: processingTime() })),
      '1 +1000 2 end',
    ],
    [
      'a global window without a trigger never fires',
      (keyed) => listed(keyed.window(globalWindow())),
      '1 2 w100 end',
    ],
  ]);
});

describe('evictors', () => {
  play([
    [
      'count keeps the last ones',
      (keyed) => listed(keyed.window(tumbling(10), { evictor: countEvictor(2), allowedLateness: 5 })),
      '3 1 2 w9 [0-10: 1 2] 4 [0-10: 2 4] save2 5 [0-10: 4 5]',
    ],
    [
      'time keeps what is near the newest, and an aggregate is computed anew',
      (keyed) => summed(keyed.window(tumbling(20), { evictor: timeEvictor(5) })),
      '1 12 7 8 w19 [0-20: 2 of 20]',
    ],
    [
      'delta keeps what is near the last',
      (keyed) =>
        listed(
          keyed.window(tumbling(20), {
            evictor: deltaEvictor(5, (value, last) => Math.abs(value.time - last.time)),
          }),
        ),
      '0 12 6 9 5 w19 [0-20: 6 9 5]',
    ],
    [
      'what was taken out does not come back when it would be kept',
      (keyed) =>
        listed(
          keyed.window(tumbling(20), {
            evictor: deltaEvictor(5, (value, last) => Math.abs(value.time - last.time)),
            allowedLateness: 10,
          }),
        ),
      '0 12 w19 [0-20: 12] 3 [0-20: 3]',
    ],
    [
      'after the function has seen all of it',
      (keyed) =>
        listed(
          keyed.window(tumbling(10), { evictor: countEvictor(1, { evict: 'after' }), allowedLateness: 5 }),
        ),
      '1 2 w9 [0-10: 1 2] 3 [0-10: 2 3] 4 [0-10: 3 4]',
    ],
    [
      'one of the author’s own, over sessions that merge',
      (keyed) =>
        listed(
          keyed.window(session(5), {
            evictor: { evictBefore: (elements) => elements.filter(({ timestamp }) => timestamp % 2 === 0) },
          }),
        ),
      '1 2 8 4 7 w12 [1-13: 2 8 4]',
    ],
    [
      'a window that is emptied is looked at once more, and then there is nothing',
      (keyed) =>
        summed(keyed.window(tumbling(10), { evictor: { evictBefore: () => [] }, allowedLateness: 5 })),
      '1 2 w9 [0-10: 0 of 0] w30',
    ],
  ]);
});

describe('count windows', () => {
  play([
    [
      'one after the other, per key',
      (keyed) => listed(keyed.countWindow(2)),
      '1 b2 3 [all: 1 3] 4 save2 5 [all: 4 5] 6 end',
    ],
    [
      'sliding: every so many records the last ones',
      (keyed) => listed(keyed.countWindow(3, 2)),
      '1 2 [all: 1 2] 3 4 [all: 2 3 4] save2 5 6 [all: 4 5 6]',
    ],
    [
      'reduced as the records come',
      (keyed) =>
        keyed
          .countWindow(2)
          .reduce((left, { key, time }) => ({ key, time: left.time + time }))
          .map(({ time }) => `all: ${time}`),
      '1 2 [all: 3] 3 4 [all: 7]',
    ],
  ]);
});

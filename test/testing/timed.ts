/** Records with their times, as arbitrary lists of them come in and as they were when they reached an operator. */
import fc from 'fast-check';

export interface Timed<T> {
  readonly value: T;
  /** Event time, milliseconds. */
  readonly timestamp: number;
}

export interface Arrived<T> extends Timed<T> {
  /** That of the operator: the lowest of its inputs. -Infinity at first. */
  readonly watermark: number;
  /** The machine's clock; 0 at first. */
  readonly processingTime: number;
  /** Its place among the records of all inputs. */
  readonly arrival: number;
}

export interface TimedOptions {
  /** A record comes up to so much later than its time says. Default 10. */
  readonly outOfOrdernessMs?: number;
  /** Event time goes on by 0 to this from one record to the next. Default 20. */
  readonly gapMsMax?: number;
  readonly lengthMax?: number;
  /** Share of records that come up to five times the bound later: 0 to 1. Default 0: none is late. */
  readonly lateShare?: number;
}

/** Lists of records in the order in which they arrive. */
export function timed<T>(
  values: fc.Arbitrary<T>,
  options: TimedOptions = {},
): fc.Arbitrary<readonly Timed<T>[]> {
  const { outOfOrdernessMs = 10, gapMsMax = 20, lengthMax = 40, lateShare = 0 } = options;
  const record = fc.record({
    value: values,
    gapMs: fc.nat(gapMsMax),
    delayMs: fc.nat(outOfOrdernessMs),
    late: fc.integer({ min: 1, max: 100 }).map((dice) => dice <= lateShare * 100),
  });
  return fc.array(record, { maxLength: lengthMax }).map((made) => {
    let time = 0;
    const arriving = made.map(({ value, gapMs, delayMs, late }) => {
      time += gapMs;
      return { value, timestamp: time, arrivesAt: time + delayMs * (late ? 6 : 1) };
    });
    // Stable: what arrives at one moment stays in the order of its times.
    arriving.sort((left, right) => left.arrivesAt - right.arrivesAt);
    return arriving.map(({ value, timestamp }) => ({ value, timestamp }));
  });
}

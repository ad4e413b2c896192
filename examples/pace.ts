/**
 * How fast the examples run. Their data is small: read as fast as it can be, it would be gone before a dashboard is open.
 * `PACE=10` makes them ten times as fast, `PACE=max` lets them run as fast as they can.
 */
const pace = process.env.PACE ?? '1';
const factor = pace === 'max' ? Number.POSITIVE_INFINITY : Number(pace);
if (!(factor > 0)) throw new Error(`PACE is a number above zero or max, not ${pace}.`);

export const perSecond = (records: number): number => records * factor;

/** For what takes time on purpose. */
export const milliseconds = (duration: number): number => duration / factor;

/**
 * The writing side of the metrics table: small objects that a task keeps at hand, so that counting is an addition into
 * shared memory and nothing else.
 */
import { channelFields, type MetricsTable, type SubtaskField, subtaskFields } from './metricsTable.ts';

export class SubtaskMeter {
  readonly #values: Float64Array;
  readonly #row: number;

  constructor(table: MetricsTable, vertex: string, index: number) {
    this.#values = table.values;
    this.#row = table.subtaskRow(vertex, index);
  }

  set(field: SubtaskField, value: number): void {
    this.#values[this.#row + subtaskFields.indexOf(field)] = value;
  }

  get(field: SubtaskField): number {
    return this.#values[this.#row + subtaskFields.indexOf(field)] as number;
  }

  add(field: SubtaskField, amount: number): void {
    const place = this.#row + subtaskFields.indexOf(field);
    this.#values[place] = (this.#values[place] as number) + amount;
  }
}

const RECORDS_WRITTEN = channelFields.indexOf('recordsWritten');
const RECORDS_READ = channelFields.indexOf('recordsRead');
const BLOCKED = channelFields.indexOf('blocked');
const BARRIER_WRITTEN = channelFields.indexOf('barrierWritten');
const BARRIER_POSITION = channelFields.indexOf('barrierPosition');
const BARRIER_TAKEN = channelFields.indexOf('barrierTaken');

/** Both ends of a channel write to its row, each to its own fields. */
export class ChannelMeter {
  readonly #values: Float64Array;
  readonly #row: number;

  constructor(table: MetricsTable, channel: number) {
    this.#values = table.values;
    this.#row = table.channelRow(channel);
  }

  wroteRecords(records: number): void {
    this.#values[this.#row + RECORDS_WRITTEN] =
      (this.#values[this.#row + RECORDS_WRITTEN] as number) + records;
  }

  wroteBarrier(checkpointId: number): void {
    this.#values[this.#row + BARRIER_POSITION] = this.#values[this.#row + RECORDS_WRITTEN] as number;
    this.#values[this.#row + BARRIER_WRITTEN] = checkpointId;
  }

  readRecords(records: number): void {
    this.#values[this.#row + RECORDS_READ] = (this.#values[this.#row + RECORDS_READ] as number) + records;
  }

  tookBarrier(checkpointId: number): void {
    this.#values[this.#row + BARRIER_TAKEN] = checkpointId;
  }

  blocked(isBlocked: boolean): void {
    this.#values[this.#row + BLOCKED] = isBlocked ? 1 : 0;
  }
}

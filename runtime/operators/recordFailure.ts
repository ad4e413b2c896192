/**
 * What an author's function threw for a record that is not the one at hand: of an operator that keeps records and works
 * on them later. The engine takes it apart, so that the failure names that record.
 */
export class RecordFailure extends Error {
  override name = 'RecordFailure';
  readonly record: unknown;
  override readonly cause: unknown;

  constructor(record: unknown, cause: unknown) {
    super('a record that an operator kept has failed');
    this.record = record;
    this.cause = cause;
  }
}

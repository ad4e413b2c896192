/** What can be said about each operator, beside its function. */
export interface OperatorOptions {
  /**
   * The operator's name in snapshots. Give one to whatever has state: it is how a savepoint finds its operator again
   * after the code has changed.
   */
  readonly uid?: string;
  /** For people; the uid where there is one, else the operator's type. */
  readonly name?: string;
  /** Fixed for this operator, whatever the job's is. */
  readonly parallelism?: number;
  readonly maxParallelism?: number;
  /** The operator runs as a task of its own. */
  readonly disableChaining?: boolean;
}

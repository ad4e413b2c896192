/**
 * Metrics of an author's own, as Flink's MetricGroup has them: registered when an operator opens, by name, per subtask.
 * Counting is an addition and nothing else; the engine reads the values a few times a second and sends those that moved.
 */

/** Goes up, or down with a negative amount. Starts at 0 with every deployment. */
export interface Counter {
  inc(amount?: number): void;
  readonly count: number;
}

/** Of the values since the deployment: how many, and how they are spread over the latest of them. */
export interface Histogram {
  /** NaN is left out. */
  update(value: number): void;
}

/** Names are those of the operator: one name, one metric. Asking for a registered name again answers the same metric. */
export interface MetricGroup {
  counter(name: string): Counter;
  /** `read` is called when somebody looks, between two records; it must be cheap. */
  gauge(name: string, read: () => number): void;
  histogram(name: string): Histogram;
}

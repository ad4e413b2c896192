/**
 * What a run shows while it goes on: on a terminal one live line (records per second, the last checkpoint, a barrier
 * that waits), with --json an object per completed or failed checkpoint and per failure.
 */
import type { CheckpointEvent } from '../../protocol/checkpoints.ts';
import type { JobInfo } from '../../protocol/job.ts';
import type { JobSnapshot } from '../../protocol/messages.ts';
import type { SubtaskSample } from '../../protocol/telemetry.ts';
import type { Client } from './client.ts';
import { bytesText, countText, durationText, type Output } from './output.ts';

export class LiveProgress {
  readonly #output: Output;
  #job: JobInfo | null = null;
  #sources = new Set<string>();
  readonly #subtasks = new Map<string, SubtaskSample>();
  #lastCheckpoint = 'no checkpoint yet';
  #isOver = false;

  constructor(output: Output) {
    this.#output = output;
  }

  async follow(client: Client): Promise<void> {
    client.onNotification((method, params) => {
      switch (method) {
        case 'telemetry':
          this.#take((params as { subtasks: readonly SubtaskSample[] }).subtasks);
          break;
        case 'checkpoint/events':
          for (const event of (params as { events: readonly CheckpointEvent[] }).events) this.#event(event);
          break;
        case 'job/changed':
          this.#job = (params as { job: JobInfo }).job;
          break;
        case 'graph/changed':
          this.#subtasks.clear();
          break;
        case 'exception':
          if (this.#output.json) this.#output.tell({ type: 'exception', ...(params as object) });
          break;
        default:
          break;
      }
      this.#draw();
    });
    const snapshot: JobSnapshot = await client.request('job/subscribe', {});
    this.#job = snapshot.job;
    this.#sources = new Set(
      snapshot.graph.vertices.filter(({ role }) => role === 'source').map(({ id }) => id),
    );
    this.#take(snapshot.telemetry.subtasks);
    this.#draw();
  }

  end(): void {
    this.#isOver = true;
    this.#output.settle();
  }

  #take(samples: readonly SubtaskSample[]): void {
    for (const sample of samples)
      this.#subtasks.set(`${sample.subtask.vertex}[${sample.subtask.index}]`, sample);
  }

  #event(event: CheckpointEvent): void {
    if (event.type !== 'completed' && event.type !== 'failed') return;
    const { summary } = event;
    if (this.#output.json) this.#output.tell({ type: 'checkpoint', ...summary });
    this.#lastCheckpoint =
      event.type === 'completed'
        ? `${summary.kind} #${summary.id} in ${durationText(summary.durationMs)}, ${bytesText(summary.fullBytes)}`
        : `${summary.kind} #${summary.id} failed`;
  }

  #draw(): void {
    if (this.#isOver) return;
    let read = 0;
    let rate = 0;
    for (const { subtask, recordsIn, recordsInPerSecond } of this.#subtasks.values()) {
      if (!this.#sources.has(subtask.vertex)) continue;
      read += recordsIn;
      rate += recordsInPerSecond ?? 0;
    }
    const status = this.#job === null ? '' : `${this.#job.name}: ${this.#job.status} · `;
    this.#output.live(
      `${status}${countText(read)} read, ${countText(Math.round(rate))}/s · ${this.#lastCheckpoint}`,
    );
  }
}

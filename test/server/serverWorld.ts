/** A server with a job and a clock that is moved by hand, and the counters that its tasks would write. */
import { ManualClock } from '../../runtime/base/clock.ts';
import { channelFields, type MetricsTable, subtaskFields } from '../../runtime/engine/metricsTable.ts';
import type { ExecutionGraph } from '../../runtime/graph/executionGraph.ts';
import { defaultCheckpointSettings } from '../../runtime/graph/jobGraph.ts';
import { JobServer } from '../../runtime/server/jobServer.ts';
import { JobView } from '../../runtime/server/jobView.ts';
import type { Services } from '../../runtime/server/services.ts';
import { deployed, executionOf, tableOf } from './jobOf.ts';
import { TestClient } from './testClient.ts';

export class ServerWorld {
  readonly clock = new ManualClock(1_000_000);
  readonly graph: ExecutionGraph = executionOf(2);
  readonly table: MetricsTable = tableOf(this.graph);
  readonly server: JobServer;

  constructor(services: Partial<Services> = {}) {
    this.server = new JobServer({
      clock: this.clock,
      engine: { name: 'test', version: '0' },
      capabilities: ['graph'],
      services: services as Services,
    });
  }

  /** The job is planned and its tasks are deployed. */
  begin(): this {
    const view = new JobView({
      clock: this.clock,
      name: this.graph.job.name,
      runId: 'run',
      parallelism: 2,
      pipelineFile: null,
      checkpointConfig: defaultCheckpointSettings,
      restoredFrom: null,
      channelCapacityRecords: 16,
      describeFailure: (failure, at) => ({
        at,
        name: failure.name,
        message: failure.message,
        stack: failure.stack,
        location: null,
        operator: failure.operator,
        subtask: failure.subtask,
        record: failure.record,
      }),
      snapshotId: (path) => path,
    });
    this.server.serve(view);
    this.server.metrics(this.table);
    this.server.fact(deployed(this.graph, this.clock.now()));
    return this;
  }

  client(): TestClient {
    return new TestClient(this.server).initialize();
  }

  pass(ms: number): void {
    const until = this.clock.now() + ms;
    while (this.clock.now() < until) {
      this.clock.advance(10);
      this.server.tick();
    }
  }

  setSubtask(vertex: string, field: (typeof subtaskFields)[number], value: number): void {
    this.table.values[this.table.subtaskRow(vertex, 0) + subtaskFields.indexOf(field)] = value;
  }

  setChannel(channel: number, field: (typeof channelFields)[number], value: number): void {
    this.table.values[this.table.channelRow(channel) + channelFields.indexOf(field)] = value;
  }
}

/** `sluice stop`: a running job ends with a savepoint. */
import { type CommonOptions, commandContext, findRunningJob, withClient } from './commonOptions.ts';
import { goOnCommand } from './goOnCommand.ts';

export async function stop(
  job: string | undefined,
  options: CommonOptions & { readonly drain: boolean; readonly label?: string },
): Promise<void> {
  const context = commandContext(options);
  const running = findRunningJob(context, job);
  const { savepoint } = await withClient(running, (client) =>
    client.request('job/stop', {
      drain: options.drain,
      ...(options.label === undefined ? {} : { label: options.label }),
    }),
  );
  context.output.tell(
    { type: 'stopped', job: running.job, savepoint },
    `${running.job} has stopped with the savepoint ${savepoint.id}.`,
    `Go on with: ${goOnCommand(context, { ...running, from: savepoint.id })}`,
  );
}

/** The points that a simulated job can go on from: what is on the disk, and what its user has kept. */
import type { RestorePoint } from '../../runtime/engine/job/jobMaster.ts';
import type { MemoryDisk } from './memoryDisk.ts';

/** What a newer savepoint calls committed is set aside by going back before it. */
export const forgetAfter = (savepoints: RestorePoint[], point: RestorePoint): void => {
  for (let place = savepoints.length - 1; place >= 0; place--) {
    if ((savepoints[place] as RestorePoint).manifest.checkpointId > point.manifest.checkpointId)
      savepoints.splice(place, 1);
  }
};

export const retainedOn = (disk: MemoryDisk): { checkpointId: number; directory: string }[] =>
  [...disk.manifests()]
    .filter(([, manifest]) => manifest.kind === 'checkpoint')
    .map(([directory, manifest]) => ({ checkpointId: manifest.checkpointId, directory }))
    .sort((a, b) => a.checkpointId - b.checkpointId);

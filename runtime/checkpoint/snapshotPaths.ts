/**
 * The names of snapshots on the disk. What several checkpoints need each of them has, under hard links.
 *
 *   chk-000042                          a checkpoint, by its id
 *   20260131-174502-before-the-upgrade  a savepoint, by when it was completed (UTC) and its label
 */
export const manifestFileName = 'manifest.json';

export function checkpointDirectoryName(checkpointId: number): string {
  return `chk-${String(checkpointId).padStart(6, '0')}`;
}

/** The id in a checkpoint's directory name; null when it is none. */
export function checkpointIdOf(directoryName: string): number | null {
  const digits = /^chk-(\d{6,16})$/.exec(directoryName)?.[1];
  if (digits === undefined) return null;
  const id = Number(digits);
  return Number.isSafeInteger(id) && checkpointDirectoryName(id) === directoryName ? id : null;
}

/** `completedAt`: milliseconds since the epoch. Two savepoints of one second and label have the same name. */
export function savepointDirectoryName(completedAt: number, label: string | null): string {
  return `${timestampText(completedAt)}-${slugOf(label ?? '') || 'savepoint'}`;
}

/** Letters and digits of any script, in lower case, with dashes between them; at most 48 characters. */
export function slugOf(label: string): string {
  const words =
    label
      .normalize('NFC')
      .toLowerCase()
      .match(/[\p{Letter}\p{Mark}\p{Number}]+/gu) ?? [];
  return Array.from(words.join('-')).slice(0, 48).join('').replace(/-$/, '');
}

/** yyyymmdd-hhmmss in UTC. By hand, since the core has no Date: days since the epoch to a date after Howard Hinnant. */
function timestampText(time: number): string {
  const seconds = Math.floor(time / 1_000);
  const days = Math.floor(seconds / 86_400);
  const ofDay = seconds - days * 86_400;
  // Counted from 1 March of the year 0, so that a leap day is the last of its year.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const [hours, minutes] = [Math.floor(ofDay / 3_600), Math.floor(ofDay / 60) % 60];
  return `${digits(year, 4)}${digits(month, 2)}${digits(day, 2)}-${digits(hours, 2)}${digits(minutes, 2)}${digits(ofDay % 60, 2)}`;
}

function digits(value: number, length: number): string {
  return String(value).padStart(length, '0');
}

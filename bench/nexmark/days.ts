/** Days and minutes in UTC as SQL's DATE_FORMAT writes them. */

/** `2015-07-15` */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** `23:59` */
export function minuteOf(time: number): string {
  return new Date(time).toISOString().slice(11, 16);
}

/**
 * What a barrier handler has to answer where barriers may overtake, said a second time and differently. There are no
 * transitions: an event only changes what is known (who was announced, has delivered, has ended, how late it is), and the
 * answer is the difference between what follows from that before and after. Of the order of effects it says nothing. It
 * shares no code with the handler.
 */
export interface OvertakingEvent {
  readonly type: 'announce' | 'barrier' | 'cancel' | 'end' | 'notice' | 'trigger' | 'timeout' | 'pass';
  readonly id: number;
  readonly channel: number;
}

interface Known {
  readonly id: number;
  /** When it times out; null: never. */
  readonly deadline: number | null;
  readonly announced: ReadonlySet<number>;
  /** At the head, in that order. */
  readonly delivered: readonly number[];
  readonly unaligned: boolean;
  readonly started: boolean;
  readonly armed: boolean;
}

/** What follows from what is known. */
interface Following {
  readonly blocked: readonly number[];
  readonly captured: readonly number[];
  readonly overtaken: readonly number[];
  readonly marked: 'aligned' | 'unaligned' | null;
  readonly complete: boolean;
}

/** From the trigger to the first that hears of it. */
const WAY_MS = 2;

const nothing: Following = { blocked: [], captured: [], overtaken: [], marked: null, complete: false };

export class ReferenceOvertaking {
  readonly #channels: readonly number[];
  /** Null: barriers are unaligned from the start. */
  readonly #timeoutMs: number | null;
  readonly #ended = new Set<number>();
  readonly #noticed = new Set<number>();
  readonly #told = new Set<number>();
  /** Shortly before it was first heard of. */
  readonly #triggeredAt = new Map<number, number>();
  #live: Known | null = null;
  #highest = -1;

  constructor(channels: number, timeoutMs: number | null) {
    this.#channels = Array.from({ length: channels }, (_unused, channel) => channel);
    this.#timeoutMs = timeoutMs;
  }

  triggeredAt(id: number, now: number): number {
    const at = this.#triggeredAt.get(id) ?? now - WAY_MS;
    this.#triggeredAt.set(id, at);
    return at;
  }

  isBlocked(channel: number): boolean {
    return this.#following(this.#live).blocked.includes(channel);
  }

  hasEnded(channel: number): boolean {
    return this.#ended.has(channel);
  }

  /** All effects, sorted. */
  answer(event: OvertakingEvent, now: number): readonly string[] {
    const said: string[] = [];
    const { id, channel, type } = event;
    if (type === 'notice') {
      if (id > this.#highest) this.#noticed.add(id);
      else this.#over(id, 'cancelled', said);
      return said.sort();
    }
    if (type === 'cancel') {
      if (id > this.#highest && this.#live !== null) this.#over(this.#live.id, 'subsumed', said);
      if (id > this.#highest || this.#live?.id === id) this.#over(id, 'cancelled', said);
      this.#highest = Math.max(this.#highest, id);
      return said.sort();
    }
    if ((type === 'announce' || type === 'barrier' || type === 'trigger') && id > this.#highest)
      this.#open(id, now, said);
    else if (type === 'trigger') return said;
    const before = this.#live;
    if (type === 'end') this.#ended.add(channel);
    if (before === null) return said.sort();
    const isAbout = type === 'end' || type === 'timeout' || before.id === id;
    if (!isAbout || type === 'pass') return said.sort();
    const known = this.#learned(before, event, now);
    this.#tell(before, known, event, said);
    this.#live = this.#following(known).complete ? null : known;
    return said.sort();
  }

  #open(id: number, now: number, said: string[]): void {
    if (this.#live !== null) this.#over(this.#live.id, 'subsumed', said);
    this.#highest = id;
    if (this.#noticed.has(id)) {
      this.#over(id, 'cancelled', said);
      return;
    }
    const timesOutAt =
      this.#timeoutMs === null ? null : Math.max(now, this.triggeredAt(id, now) + this.#timeoutMs);
    const armed = timesOutAt !== null && timesOutAt > now;
    if (armed) said.push(`arm ${id} ${timesOutAt - now}`);
    this.#live = {
      id,
      deadline: timesOutAt,
      announced: new Set(),
      delivered: [],
      unaligned: this.#timeoutMs === null,
      started: false,
      armed,
    };
  }

  #learned(before: Known, { type, channel }: OvertakingEvent, now: number): Known {
    const announced = new Set(before.announced);
    if (type === 'announce') announced.add(channel);
    const delivered =
      type === 'barrier' && !this.#has(before, channel) ? [...before.delivered, channel] : before.delivered;
    const starts =
      (type === 'barrier' && !this.#has(before, channel)) ||
      type === 'end' ||
      (type === 'trigger' && this.#ended.size > 0);
    const asKnown = { ...before, announced, delivered, started: before.started || starts };
    const isLate = before.deadline !== null && now >= before.deadline;
    // A trigger at a task where nothing has ended yet only tells that a checkpoint is on its way.
    const isLookedAt = type !== 'trigger' || this.#ended.size > 0;
    const allDelivered = this.#channels.every((each) => this.#ended.has(each) || delivered.includes(each));
    const turns = isLate && isLookedAt && !(allDelivered && !before.unaligned && asKnown.started);
    const unaligned = before.unaligned || turns;
    const started = asKnown.started || (unaligned && announced.size > 0);
    return { ...asKnown, unaligned, started };
  }

  /** It counts as arrived: nothing is waited for on this channel. */
  #has(known: Known, channel: number): boolean {
    return (
      this.#ended.has(channel) ||
      known.delivered.includes(channel) ||
      (known.unaligned && known.announced.has(channel))
    );
  }

  #following(known: Known | null): Following {
    if (known === null || !known.started) return nothing;
    const missing = this.#channels.filter((channel) => !this.#has(known, channel));
    const isComplete = missing.length === 0;
    return {
      blocked: known.unaligned || isComplete ? [] : known.delivered,
      captured: known.unaligned ? missing : [],
      overtaken: known.unaligned
        ? this.#channels.filter(
            (channel) => known.announced.has(channel) && !known.delivered.includes(channel),
          )
        : [],
      marked: known.unaligned ? 'unaligned' : isComplete ? 'aligned' : null,
      complete: isComplete,
    };
  }

  #tell(before: Known, known: Known, { type, channel }: OvertakingEvent, said: string[]): void {
    const { id } = before;
    // What had ended is no news, even if it is known only now.
    const was = before.started ? this.#followingBefore(before, type, channel) : nothing;
    const is = this.#following(known);
    if (known.started && !before.started) said.push(`first ${id}`);
    for (const each of is.blocked) if (!was.blocked.includes(each)) said.push(`block ${each}`);
    if (was.blocked.length > 0 && is.blocked.length === 0) said.push(`release ${was.blocked.join(',')}`);
    if (is.marked !== null && was.marked === null) said.push(`snapshot ${id} ${is.marked}`);
    if (is.marked !== null && was.marked === null && is.captured.length > 0)
      said.push(`capture ${id} ${is.captured.join(',')}`);
    for (const each of is.overtaken) if (!was.overtaken.includes(each)) said.push(`overtake ${id} ${each}`);
    for (const each of was.captured)
      if (!is.captured.includes(each) && !is.overtaken.includes(each)) said.push(`capture-end ${id} ${each}`);
    if (is.complete && is.marked === 'unaligned') said.push(`complete ${id}`);
    const isOver = is.complete || known.unaligned;
    // The timer that fires need not be taken back.
    if (before.armed && isOver && type !== 'timeout') said.push('clear-timer');
    if (before.armed && isOver) this.#disarm(known);
  }

  #disarm(known: Known): void {
    (known as { armed: boolean }).armed = false;
  }

  /** As it followed before the event: the channel that ends now had not ended. */
  #followingBefore(before: Known, type: OvertakingEvent['type'], channel: number): Following {
    if (type !== 'end') return this.#following(before);
    this.#ended.delete(channel);
    const was = this.#following(before);
    this.#ended.add(channel);
    return was;
  }

  #over(id: number, why: 'cancelled' | 'subsumed', said: string[]): void {
    if (this.#live?.id === id) {
      const was = this.#following(this.#live);
      if (this.#live.armed) said.push('clear-timer');
      if (was.marked === 'unaligned') said.push(`capture-stop ${id}`);
      if (was.blocked.length > 0) said.push(`release ${was.blocked.join(',')}`);
      this.#live = null;
    }
    if (!this.#told.has(id)) said.push(`abort ${id} ${why}`);
    this.#told.add(id);
    this.#highest = Math.max(this.#highest, id);
  }
}

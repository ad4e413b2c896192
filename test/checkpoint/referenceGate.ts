/**
 * What a barrier handler has to answer, said a second time and differently: no states and no transitions, only what
 * each channel has brought so far, from which the answer is worked out anew after every event. Aligned and
 * at-least-once; it shares no code with the handler.
 */
export interface Event {
  readonly type: 'barrier' | 'cancel' | 'end' | 'notice' | 'trigger';
  readonly id: number;
  readonly channel: number;
}

interface Checkpoint {
  readonly id: number;
  openedAt: number | null;
  over: boolean;
}

export class ReferenceGate {
  readonly #brought: Set<number>[];
  readonly #ended = new Set<number>();
  readonly #noticed = new Set<number>();
  readonly #told = new Set<number>();
  readonly #isAligned: boolean;
  #checkpoints: Checkpoint[] = [];
  #blocked: number[] = [];
  #highest = -1;

  constructor(channels: number, isAligned: boolean) {
    this.#brought = Array.from({ length: channels }, () => new Set<number>());
    this.#isAligned = isAligned;
  }

  isBlocked(channel: number): boolean {
    return this.#blocked.includes(channel);
  }

  hasEnded(channel: number): boolean {
    return this.#ended.has(channel);
  }

  /** One line: what happens. */
  answer(event: Event, now: number): string {
    const said: string[] = [];
    const { id, channel } = event;
    if (event.type === 'end') this.#ended.add(channel);
    if (event.type === 'notice') this.#onNotice(id, said);
    if (event.type === 'cancel') this.#onCancel(id, said);
    if (event.type === 'barrier' || event.type === 'trigger') {
      if (id > this.#highest) this.#open(id, said);
      if (event.type === 'barrier') this.#brought[channel]?.add(id);
    }
    this.#settle(event, now, said);
    return said.join(' ');
  }

  #live(): Checkpoint[] {
    return this.#checkpoints.filter(({ over }) => !over);
  }

  #open(id: number, said: string[]): void {
    if (this.#isAligned) for (const checkpoint of this.#live()) this.#abort(checkpoint.id, 'subsumed', said);
    this.#highest = id;
    this.#checkpoints.push({ id, openedAt: null, over: false });
    if (this.#noticed.has(id)) this.#abort(id, 'cancelled', said);
  }

  #onNotice(id: number, said: string[]): void {
    if (id > this.#highest) this.#noticed.add(id);
    else this.#abort(id, 'cancelled', said);
  }

  #onCancel(id: number, said: string[]): void {
    const isLive = this.#live().some((checkpoint) => checkpoint.id === id);
    const older = this.#live().filter((checkpoint) => checkpoint.id < id);
    if (this.#isAligned) {
      if (id > this.#highest) for (const checkpoint of older) this.#abort(checkpoint.id, 'subsumed', said);
    } else {
      for (const checkpoint of older) this.#abort(checkpoint.id, 'cancelled', said);
    }
    if (id > this.#highest || isLive) this.#abort(id, 'cancelled', said);
    this.#highest = Math.max(this.#highest, id);
  }

  #abort(id: number, why: string, said: string[]): void {
    for (const checkpoint of this.#live()) {
      if (checkpoint.id !== id) continue;
      checkpoint.over = true;
      if (this.#blocked.length > 0) said.push(`release ${this.#blocked.join(',')}`);
      this.#blocked = [];
    }
    if (!this.#told.has(id)) said.push(`abort ${id} ${why}`);
    this.#told.add(id);
  }

  /** Who has come for each live checkpoint, newest first: the first that everybody has come for is taken. */
  #settle(event: Event, now: number, said: string[]): void {
    const isCounting = event.type === 'barrier' || event.type === 'end' || event.type === 'trigger';
    if (!isCounting) return;
    for (const checkpoint of this.#live().reverse()) {
      const { id } = checkpoint;
      const isAbout = event.type === 'end' || event.id === id;
      if (!isAbout) continue;
      const started = event.type !== 'trigger' || this.#ended.size > 0 || !this.#isAligned;
      if (checkpoint.openedAt === null && started) {
        checkpoint.openedAt = now;
        said.push(`first ${id}`);
      }
      const missing = this.#brought.filter(
        (brought, channel) => !this.#ended.has(channel) && !brought.has(id),
      );
      if (missing.length === 0) {
        said.push(`snapshot ${id} after ${now - (checkpoint.openedAt ?? now)}`);
        for (const other of this.#live()) if (other.id <= id) other.over = true;
        if (this.#blocked.length > 0) said.push(`release ${this.#blocked.join(',')}`);
        this.#blocked = [];
        return;
      }
      if (this.#isAligned && event.type === 'barrier') {
        this.#blocked.push(event.channel);
        said.push(`block ${event.channel}`);
      }
    }
  }
}

/// <reference lib="es2024.sharedmemory" />
/**
 * How task threads sleep and are woken, through one word of shared memory per thread: 0 awake, 1 parked. A parked thread
 * waits asynchronously, so that messages, timers and finished I/O reach it as well.
 *
 * A wake-up is never lost: a thread first says that it is parked and then looks for work once more; whoever made work
 * looks at the word afterwards. One of the two sees the other.
 */
const awake = 0;
const parked = 1;

export function makeWakeWords(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * Int32Array.BYTES_PER_ELEMENT);
}

export class ThreadWaking {
  readonly #words: Int32Array;
  readonly #own: number;
  /** A waiter cannot be taken back; one that is still outstanding serves the next parking as well. */
  #isWaiting = false;

  constructor(words: SharedArrayBuffer, own: number) {
    this.#words = new Int32Array(words);
    this.#own = own;
  }

  wake(thread: number): void {
    if (Atomics.compareExchange(this.#words, thread, parked, awake) === parked)
      Atomics.notify(this.#words, thread);
  }

  announceParked(): void {
    Atomics.store(this.#words, this.#own, parked);
  }

  announceAwake(): void {
    Atomics.store(this.#words, this.#own, awake);
  }

  /** After `announceParked`: calls back when another thread wakes this one, perhaps at once. */
  whenWoken(callBack: () => void): void {
    if (this.#isWaiting) return;
    const wait = Atomics.waitAsync(this.#words, this.#own, parked);
    if (!wait.async) {
      queueMicrotask(callBack);
      return;
    }
    this.#isWaiting = true;
    void wait.value.then(() => {
      this.#isWaiting = false;
      callBack();
    });
  }
}

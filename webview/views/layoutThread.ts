/** Asks the layout worker; the newest question wins. Without workers (an old or locked-down host) it is done here. */
import type { LayoutAnswer, LayoutJob } from '../layout/layoutWorker.ts';
import source from '../layout/layoutWorker.ts?bundle';
import { type Layout, type LayoutRequest, layOut } from '../layout/riverLayout.ts';

export class LayoutThread {
  private worker: Worker | null = null;
  private asked = 0;
  private answer: ((layout: Layout) => void) | null = null;

  constructor() {
    try {
      const address = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
      this.worker = new Worker(address);
      this.worker.onmessage = ({ data }: MessageEvent<LayoutAnswer>) => {
        if (data.id === this.asked) this.answer?.(data.layout);
      };
      this.worker.onerror = () => {
        this.worker = null;
      };
    } catch {
      this.worker = null;
    }
  }

  /** Small graphs take a millisecond or two; a round trip to the worker would only make the first picture later. */
  ask(request: LayoutRequest, answer: (layout: Layout) => void): void {
    this.asked += 1;
    if (this.worker === null || request.vertices.length <= 24) {
      answer(layOut(request));
      return;
    }
    this.answer = answer;
    const job: LayoutJob = { id: this.asked, request };
    this.worker.postMessage(job);
  }
}

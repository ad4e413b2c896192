/**
 * The layout in a thread of its own: a thousand vertices take a second, and the page must not feel it. Bundled to a
 * string and started from a Blob, so that the page's policy needs no address for it.
 */
import { type Layout, type LayoutRequest, layOut } from './riverLayout.ts';

export interface LayoutJob {
  readonly id: number;
  readonly request: LayoutRequest;
}

export interface LayoutAnswer {
  readonly id: number;
  readonly layout: Layout;
}

/** The two things of a worker's global scope that are used; this folder knows no DOM. */
declare const self: {
  onmessage: ((event: { readonly data: LayoutJob }) => void) | null;
  postMessage(answer: LayoutAnswer): void;
};

self.onmessage = ({ data }) => self.postMessage({ id: data.id, layout: layOut(data.request) });

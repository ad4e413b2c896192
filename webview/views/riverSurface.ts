/**
 * The river's own small machine: a canvas for what flows, elements over it for what can be touched, a layout that is
 * asked for when the graph or the panel changes, and a loop that runs only while something moves.
 */
import { render } from 'lit';
import type { GraphInfo } from '../../runtime/protocol/graph.ts';
import { keepPlaces, type Layout, type LayoutEdge, spread } from '../layout/riverLayout.ts';
import { type Stream, streamsOf } from '../layout/streams.ts';
import type { RiverView, VertexView } from '../model/river.ts';
import { requestFrame } from './frames.ts';
import { LayoutThread } from './layoutThread.ts';
import { onThemeChange, type Palette, readPalette } from './palette.ts';
import { type Detail, detailAt, drawRiver, type Scene } from './riverCanvas.ts';
import { type CardEvents, cards } from './riverCards.ts';
import { RiverMotion } from './riverMotion.ts';
import { largeFrom, layoutRequest, leastSpread } from './riverRequest.ts';

export interface RiverEvents {
  readonly open: (view: VertexView) => void;
  readonly select: (id: string | null) => void;
}

const narrowBelow = 560;
const padding = { x: 20, top: 26, bottom: 22 };
const streakSpeed = 24;
/** Water that only flows moves less than a pixel in this time. */
const flowFrameMs = 1_000 / 30;
const largeHeight = 640;
const leastWidth = 160;
const corner = { width: 500, height: 112 };
/** The tools at the upper right; with a search field they are wider. */
const bar = { width: 190, widthWithSearch: 420, bottom: 40 };

export class RiverSurface {
  readonly element = document.createElement('div');
  private readonly canvas = document.createElement('canvas');
  private readonly overlay = document.createElement('div');
  private readonly motion = new RiverMotion();
  private readonly thread = new LayoutThread();
  private readonly events: RiverEvents;
  private palette: Palette = readPalette();
  private layout: Layout | null = null;
  private streams = new Map<string, Stream>();
  private edges: readonly LayoutEdge[] = [];
  private laidOut: { graph: GraphInfo; width: number; narrow: boolean } | null = null;
  private graph: GraphInfo | null = null;
  private view: RiverView | null = null;
  private selected: string | null = null;
  private focused: string | null = null;
  private found: ReadonlySet<string> = new Set();
  private width = 0;
  private height = 0;
  /** null: fitted to the panel. */
  private userZoom: number | null = null;
  private pan = { x: 0, y: 0 };
  private cardsDirty = true;
  /** How far the streaks have moved; stands still with reduced motion and while disconnected. */
  private drift = 0;
  private dim = false;

  constructor(events: RiverEvents) {
    this.events = events;
    this.element.className = 'river-surface';
    this.overlay.className = 'river-cards';
    this.canvas.setAttribute('aria-hidden', 'true');
    this.element.append(this.canvas, this.overlay);
    new ResizeObserver(() => this.resized()).observe(this.element);
    onThemeChange(() => {
      this.palette = readPalette();
      this.schedule();
    });
    this.listenToPointer();
  }

  update(graph: GraphInfo, view: RiverView, selected: string | null, search: string, dim: boolean): void {
    this.graph = graph;
    this.view = view;
    this.selected = selected;
    this.dim = dim;
    const wanted = search.trim().toLowerCase();
    this.found = new Set(
      wanted === ''
        ? []
        : view.vertices.filter(({ name }) => name.toLowerCase().includes(wanted)).map(({ id }) => id),
    );
    this.motion.follow(view, performance.now(), isStill());
    this.cardsDirty = true;
    this.ensureLayout();
    this.schedule();
  }

  zoomBy(factor: number): void {
    const before = this.zoom();
    const next = Math.min(2, Math.max(0.05, before * factor));
    const center = { x: this.width / 2, y: this.height / 2 };
    const offset = this.offset();
    this.userZoom = next;
    this.pan = {
      x: center.x - ((center.x - offset.x) / before) * next,
      y: center.y - ((center.y - offset.y) / before) * next,
    };
    this.cardsDirty = true;
    this.schedule();
  }

  fit(): void {
    this.userZoom = null;
    this.cardsDirty = true;
    this.schedule();
  }

  get zoomShare(): number {
    return this.zoom();
  }

  focusOn(id: string): void {
    this.focused = id;
    this.cardsDirty = true;
    this.draw();
    this.overlay
      .querySelector<HTMLElement>(`[data-vertex="${CSS.escape(id)}"]`)
      ?.focus({ preventScroll: true });
  }

  /** The first vertex that the search has found. */
  focusFound(): void {
    const [first] = this.found;
    if (first !== undefined) this.focusOn(first);
  }

  private get narrow(): boolean {
    return this.width < narrowBelow;
  }

  private resized(): void {
    const { clientWidth } = this.element;
    // Narrower than a card is no panel but a moment of the page being rearranged.
    if (clientWidth < leastWidth || clientWidth === this.width) return;
    this.width = clientWidth;
    this.ensureLayout();
    this.schedule();
  }

  private ensureLayout(): void {
    const { graph, width, narrow } = this;
    if (graph === null || width === 0) return;
    const known = this.laidOut;
    if (known !== null && known.graph === graph && known.narrow === narrow && known.width === width) return;
    // A new width alone only spreads what is there; a graph that differs in numbers only keeps its places.
    this.laidOut = { graph, width, narrow };
    const request = layoutRequest(graph, width - 2 * (narrow ? 12 : padding.x), narrow, (text) =>
      this.labelWidth(text),
    );
    this.edges = request.edges;
    const previous = known !== null && known.narrow === narrow && known.width === width ? this.layout : null;
    this.thread.ask(request, (fresh) => {
      const spreaded =
        previous === null && fresh.places.size <= largeFrom
          ? spread(fresh, request.width, leastSpread)
          : fresh;
      this.layout = keepPlaces(previous, spreaded);
      this.streams = streamsOf(this.layout, request.edges);
      this.setHeight();
      this.element.dataset.laidOut = String(this.layout.places.size);
      this.cardsDirty = true;
      this.schedule();
    });
  }

  private setHeight(): void {
    const { layout } = this;
    if (layout === null) return;
    const isLarge = layout.places.size > largeFrom;
    const height = isLarge
      ? largeHeight
      : Math.ceil(layout.height * this.fittingZoom() + this.top + padding.bottom);
    this.height = height;
    this.element.style.height = `${height}px`;
    this.element.parentElement?.classList.toggle(
      'corner-free',
      !this.narrow && !isLarge && this.isCornerFree(layout),
    );
  }

  /** Whether event time and legend can stand in the lower right without covering a vertex. */
  private isCornerFree(layout: Layout): boolean {
    const zoom = this.fittingZoom();
    return [...layout.places.values()].every(
      ({ x, y, width, height }) =>
        (x + width) * zoom + padding.x < this.width - corner.width ||
        (y + height) * zoom + this.top < this.height - corner.height,
    );
  }

  private get top(): number {
    if (layoutIsLarge(this.layout)) return 44;
    if (this.narrow) return 12;
    return this.isBarCovered() ? 44 : padding.top;
  }

  /** A vertex in the upper right would stand under the tools. */
  private isBarCovered(): boolean {
    const { layout, width } = this;
    if (layout === null) return false;
    const zoom = this.fittingZoom();
    const reach = width - (layout.places.size > 8 ? bar.widthWithSearch : bar.width);
    return [...layout.places.values()].some(
      (place) =>
        padding.top + place.y * zoom < bar.bottom && padding.x + (place.x + place.width) * zoom > reach,
    );
  }

  private labelWidth(text: string): number {
    const context = this.canvas.getContext('2d');
    if (context === null) return 0;
    context.font = `11px ${this.palette.family}`;
    return context.measureText(text).width;
  }

  private fittingZoom(): number {
    const { layout, width } = this;
    if (layout === null || layout.width === 0) return 1;
    const across = (width - 2 * (this.narrow ? 12 : padding.x)) / layout.width;
    if (layout.places.size <= largeFrom) return Math.min(1, across);
    return Math.min(1, across, (largeHeight - this.top - padding.bottom) / layout.height);
  }

  private zoom(): number {
    return this.userZoom ?? this.fittingZoom();
  }

  private offset(): { x: number; y: number } {
    if (this.userZoom !== null) return this.pan;
    const zoom = this.zoom();
    const spare = this.width - (this.layout?.width ?? 0) * zoom;
    return {
      x: this.narrow
        ? 12
        : Math.max(padding.x, layoutIsLarge(this.layout) ? spare / 2 : Math.min(padding.x, spare / 2)),
      y: this.top,
    };
  }

  private schedule(): void {
    requestFrame(this.drawFrame);
  }

  private readonly drawFrame = (): void => {
    this.draw();
    if (this.motion.moving(performance.now())) this.schedule();
    else if (this.flows()) requestFrame(this.drawFrame, flowFrameMs);
  };

  private flows(): boolean {
    return (
      !isStill() &&
      !this.dim &&
      document.visibilityState === 'visible' &&
      detailAt(this.zoom()) === 'cards' &&
      (this.view?.edges.some(({ perSecond }) => (perSecond ?? 0) > 0) ?? false)
    );
  }

  private draw(): void {
    const { layout, view, width, height } = this;
    if (layout === null || view === null || width === 0) return;
    const ratio = window.devicePixelRatio || 1;
    if (
      this.canvas.width !== Math.round(width * ratio) ||
      this.canvas.height !== Math.round(height * ratio)
    ) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
    }
    const context = this.canvas.getContext('2d');
    if (context === null) return;
    const now = performance.now();
    if (!isStill() && !this.dim) this.drift = (now / 1000) * streakSpeed;
    const zoom = this.zoom();
    const offset = this.offset();
    const barriers = this.motion.shown(now);
    const vertices = view.vertices.flatMap((vertex) => {
      const place = layout.places.get(vertex.id);
      return place === undefined ? [] : [{ view: vertex, place, found: this.found.has(vertex.id) }];
    });
    const scene: Scene = {
      zoom,
      offset,
      width,
      height,
      dim: this.dim,
      drift: this.drift,
      vertices,
      edges: view.edges.flatMap((edge) => {
        const stream = this.streams.get(edge.id);
        return stream === undefined
          ? []
          : [
              {
                view: edge,
                stream,
                barriers: barriers.get(edge.id) ?? [],
                level: this.motion.level(edge.id, now),
                shut: this.motion.shut(edge.id, now),
              },
            ];
      }),
    };
    drawRiver(context, scene, this.palette, ratio);
    if (this.cardsDirty) this.drawCards(vertices, zoom, offset);
  }

  private drawCards(vertices: Scene['vertices'], zoom: number, offset: { x: number; y: number }): void {
    this.cardsDirty = false;
    const detail: Detail = detailAt(zoom);
    const far = detail === 'marks' || detail === 'groups';
    const margin = 100;
    const shown = far
      ? vertices
      : vertices.filter(({ place }) => {
          const x = place.x * zoom + offset.x;
          const y = place.y * zoom + offset.y;
          return (
            x < this.width + margin &&
            y < this.height + margin &&
            x + place.width * zoom > -margin &&
            y + place.height * zoom > -margin
          );
        });
    this.overlay.style.transform = `translate(${offset.x}px, ${offset.y}px) scale(${zoom})`;
    this.focused ??= shown[0]?.view.id ?? null;
    const events: CardEvents = {
      focus: (id) => {
        if (this.focused === id) return;
        this.focused = id;
        this.cardsDirty = true;
        this.schedule();
      },
      open: this.events.open,
      select: (id) => this.events.select(this.selected === id ? null : id),
      key: (event, vertex) => this.pressed(event, vertex),
    };
    render(
      cards(
        shown,
        {
          detail,
          compact: this.narrow || (this.layout?.places.size ?? 0) > largeFrom,
          focused: this.focused,
          selected: this.selected,
        },
        events,
      ),
      this.overlay,
    );
  }

  /** Arrows follow edges; up and down go to the neighbour above and below; Enter opens, Space chooses as a click does. */
  private pressed(event: KeyboardEvent, vertex: VertexView): void {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      if (event.key === 'Enter' && vertex.location !== null) this.events.open(vertex);
      else this.events.select(this.selected === vertex.id ? null : vertex.id);
      return;
    }
    const next = this.neighbour(event.key, vertex.id);
    if (next === null) return;
    event.preventDefault();
    this.focusOn(next);
  }

  private neighbour(key: string, id: string): string | null {
    const { layout, edges, narrow } = this;
    const here = layout?.places.get(id);
    if (layout === null || here === undefined) return null;
    const [back, on, before, behind] = narrow
      ? ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight']
      : ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'];
    const across = (place: { x: number; y: number }) => (narrow ? place.x : place.y);
    if (key === on) return edges.find(({ from }) => from === id)?.to ?? null;
    if (key === back) return edges.find(({ to }) => to === id)?.from ?? null;
    if (key !== before && key !== behind) return null;
    const direction = key === before ? -1 : 1;
    const candidates = [...layout.places]
      .filter(([, place]) => (across(place) - across(here)) * direction > 4)
      .sort((a, b) => distance(a[1], here) - distance(b[1], here));
    return candidates[0]?.[0] ?? null;
  }

  private listenToPointer(): void {
    let from: { x: number; y: number; pan: { x: number; y: number } } | null = null;
    this.canvas.addEventListener('pointerdown', (event) => {
      from = { x: event.clientX, y: event.clientY, pan: this.offset() };
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener('pointermove', (event) => {
      if (from === null || Math.hypot(event.clientX - from.x, event.clientY - from.y) < 3) return;
      this.userZoom = this.zoom();
      this.pan = { x: from.pan.x + event.clientX - from.x, y: from.pan.y + event.clientY - from.y };
      this.cardsDirty = true;
      this.schedule();
    });
    this.canvas.addEventListener('pointerup', () => {
      from = null;
    });
    this.element.addEventListener(
      'wheel',
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.zoomBy(event.deltaY < 0 ? 1.15 : 1 / 1.15);
      },
      { passive: false },
    );
  }
}

function layoutIsLarge(layout: Layout | null): boolean {
  return (layout?.places.size ?? 0) > largeFrom;
}

function isStill(): boolean {
  return (
    document.body.classList.contains('vscode-reduce-motion') ||
    matchMedia('(prefers-reduced-motion: reduce)').matches
  );
}

function distance(a: { x: number; y: number }, b: { x: number; y: number }): number {
  return Math.hypot(a.x - b.x, (a.y - b.y) * 2);
}

/**
 * Draws streams, barriers, gates and basins on a canvas. It knows nothing of messages: a scene goes in, pixels come
 * out. Whatever lies outside the visible rectangle is left out before anything is drawn.
 */

import type { Place } from '../layout/riverLayout.ts';
import {
  basin,
  controls,
  gateLength,
  type Point,
  pointAt,
  type Stream,
  streamWidth,
} from '../layout/streams.ts';
import * as format from '../model/format.ts';
import type { EdgeView, VertexView } from '../model/river.ts';
import type { Palette, Role } from './palette.ts';

export interface ShownBarrier {
  readonly checkpoint: number;
  readonly savepoint: boolean;
  readonly progress: number;
  readonly place: 'held' | 'travelling' | 'gate';
  readonly recordsAhead: number | null;
}

export interface SceneEdge {
  readonly view: EdgeView;
  readonly stream: Stream;
  readonly barriers: readonly ShownBarrier[];
  /** 0 to 1, following the samples. */
  readonly level: number;
  /** 0 open, 1 shut; in between while it moves. */
  readonly shut: number;
}

export interface SceneVertex {
  readonly view: VertexView;
  readonly place: Place;
  readonly found: boolean;
}

export interface Scene {
  readonly edges: readonly SceneEdge[];
  readonly vertices: readonly SceneVertex[];
  readonly zoom: number;
  readonly offset: Point;
  readonly width: number;
  readonly height: number;
  /** How far the streaks have moved, in pixels. */
  readonly drift: number;
  readonly dim: boolean;
}

export type Detail = 'cards' | 'names' | 'marks' | 'groups';

export function detailAt(zoom: number): Detail {
  return zoom >= 0.7 ? 'cards' : zoom >= 0.35 ? 'names' : zoom >= 0.12 ? 'marks' : 'groups';
}

type Context = CanvasRenderingContext2D;

export function drawRiver(context: Context, scene: Scene, palette: Palette, pixelRatio: number): void {
  context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  context.clearRect(0, 0, scene.width, scene.height);
  context.translate(scene.offset.x, scene.offset.y);
  context.scale(scene.zoom, scene.zoom);
  context.lineJoin = 'round';
  const detail = detailAt(scene.zoom);
  const visible = visibleRectangle(scene);
  const edges = scene.edges.filter(({ stream }) => touches(stream, visible));
  if (detail === 'cards' || detail === 'names') {
    for (const edge of edges) drawStream(context, edge, palette, scene.drift);
    for (const edge of edges) drawPassage(context, edge, palette);
    for (const edge of edges) drawLabels(context, edge, palette, detail);
    return;
  }
  drawFar(context, scene, edges, visible, palette);
}

// ——— near: water, banks, gates ———

function drawStream(context: Context, { view, stream }: SceneEdge, palette: Palette, drift: number): void {
  const water = streamWidth(view.perSecond ?? 0);
  const banks = Math.max(water, streamWidth(view.meanPerSecond ?? view.perSecond ?? 0), 8);
  const flow = () => trace(context, stream, view.heldMs !== null ? 14 : 0, view.gate !== null);
  context.strokeStyle = palette.color('bg');
  context.lineWidth = banks + 6;
  context.setLineDash([]);
  flow();
  if (view.perSecond === null) {
    line(context, palette.color('muted'), 1, [2, 3]);
    flow();
    return;
  }
  if (water > 0) {
    line(context, palette.color('water-soft'), water);
    flow();
    context.globalAlpha = 0.55;
    const streaks =
      water < 8
        ? [[0, 40, 22, 18]]
        : [
            [-water * 0.29, 26, 34, 0],
            [0.3, 40, 22, 18],
            [water * 0.29, 18, 40, 40],
          ];
    for (const [shift = 0, dash = 26, gap = 34, offset = 0] of streaks) {
      line(context, palette.color('water'), 1, [dash, gap]);
      context.lineDashOffset = offset - drift;
      shifted(context, stream, shift, flow);
    }
    context.globalAlpha = 1;
    context.lineDashOffset = 0;
  }
  const waiting = view.waitedForMs !== null;
  line(context, palette.color(waiting ? 'wait' : 'bank'), 1, water === 0 ? [4, 4] : []);
  for (const side of [-1, 1]) shifted(context, stream, (side * (banks + (water === 0 ? 0 : 2))) / 2, flow);
  context.setLineDash([]);
}

function drawPassage(context: Context, edge: SceneEdge, palette: Palette): void {
  const { view, stream } = edge;
  if (view.gate !== null || edge.shut > 0) drawBasinAndGate(context, edge, palette);
  if (view.waitedForMs !== null) drawHourglass(context, stream, palette);
  for (const barrier of edge.barriers) drawBarrier(context, edge, barrier, palette);
}

function drawBasinAndGate(
  context: Context,
  { view, stream, level, shut }: SceneEdge,
  palette: Palette,
): void {
  const { x, y, width, height } = basinOf(stream);
  const right = stream.direction === 'right';
  context.fillStyle = palette.color('bg');
  context.fillRect(x, y, width, height);
  const surface = y + height * (1 - level);
  context.save();
  context.beginPath();
  context.roundRect(x, y, width, height, 2);
  context.clip();
  context.beginPath();
  context.moveTo(x, surface);
  for (let at = 0; at < width; at += 14) {
    context.quadraticCurveTo(x + at + 3.5, surface - 3, x + at + 7, surface);
    context.quadraticCurveTo(x + at + 10.5, surface + 3, x + at + 14, surface);
  }
  context.lineTo(x + width, y + height + 4);
  context.lineTo(x, y + height + 4);
  context.closePath();
  context.fillStyle = palette.color('water-deep');
  context.fill();
  line(context, palette.color('water'), 1.5);
  context.stroke();
  context.restore();
  line(context, palette.color('bank'), 1);
  context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
  line(context, palette.color('muted'), 1);
  context.beginPath();
  for (let quarter = 0; quarter <= 4; quarter++) {
    const tick = y + Math.round((height * quarter) / 4);
    context.moveTo(x, tick);
    context.lineTo(x - (quarter % 2 === 0 ? 4 : 3), tick);
  }
  context.stroke();
  // The water comes in through the wall.
  const inflow = streamWidth(view.perSecond ?? 0);
  context.fillStyle = palette.color('water-soft');
  if (inflow > 0 && right) context.fillRect(x - 1, y + height / 2 - inflow / 2, 3, inflow);
  if (inflow > 0 && !right) context.fillRect(x + width / 2 - inflow / 2, y - 1, inflow, 3);
  drawGate(context, stream, shut, palette);
}

/** Two bars with rungs and caps; while it moves, the bars come out of the caps. */
function drawGate(context: Context, stream: Stream, shut: number, palette: Palette): void {
  const { x, y, width, height } = basinOf(stream);
  const right = stream.direction === 'right';
  const from = right ? y - 7 : x - 3;
  const length = right ? height + 14 : width + 6;
  const at = right ? x + width + 16 : y + height + 10;
  const put = (along: number, across: number) =>
    right ? ([at + across, from + along] as const) : ([from + along, at + across] as const);
  const bar = (a: readonly [number, number], b: readonly [number, number]) => {
    context.beginPath();
    context.moveTo(...a);
    context.lineTo(...b);
    context.stroke();
  };
  context.lineCap = 'round';
  line(context, palette.color('wait'), right ? 4 : 3.5);
  const overhang = right ? 4 : 3;
  bar(put(0, -overhang), put(0, 6 + overhang));
  bar(put(length, -overhang), put(length, 6 + overhang));
  context.lineCap = 'butt';
  const reach = (length / 2) * shut;
  line(context, palette.color('wait'), 2);
  for (const across of [0, 6]) {
    bar(put(0, across), put(reach, across));
    bar(put(length, across), put(length - reach, across));
  }
  line(context, palette.color('wait'), 1.5);
  for (let rung = 1; rung < 5; rung++) {
    const along = (length * rung) / 5;
    if (along < reach || along > length - reach) bar(put(along, 0), put(along, 6));
  }
}

function drawHourglass(context: Context, stream: Stream, palette: Palette): void {
  const center =
    stream.direction === 'right'
      ? { x: stream.end.x - 18, y: stream.end.y }
      : { x: stream.end.x, y: stream.end.y - 20 };
  context.beginPath();
  context.arc(center.x, center.y, 12, 0, 2 * Math.PI);
  context.fillStyle = palette.color('bg');
  context.fill();
  line(context, palette.color('wait'), 1.5);
  context.stroke();
  context.save();
  context.translate(center.x - 7.5, center.y - 7.5);
  context.scale(15 / 16, 15 / 16);
  line(context, palette.color('wait'), 1.4);
  context.lineCap = 'round';
  context.stroke(hourglass);
  context.restore();
}

const hourglass = new Path2D(
  'M4 2.5h8M4 13.5h8M5 2.5c0 3.2 3 4 3 5.5s-3 2.3-3 5.5M11 2.5c0 3.2-3 4-3 5.5s3 2.300 3 5.5',
);
const bookmark = new Path2D('M0 0h7v9l-3.5-2.5L0 9z');

function drawBarrier(
  context: Context,
  { view, stream }: SceneEdge,
  barrier: ShownBarrier,
  palette: Palette,
): void {
  const right = stream.direction === 'right';
  const box = basinOf(stream);
  const atGate = barrier.place === 'gate' && view.gate !== null;
  const place = atGate
    ? right
      ? { x: box.x + box.width + 2, y: box.y + box.height / 2 }
      : { x: box.x + box.width / 2, y: box.y + box.height + 3 }
    : barrier.place === 'held'
      ? { x: stream.start.x + (right ? 14 : 0), y: stream.start.y + (right ? 0 : 10) }
      : beforeTheCard(pointAt(stream, barrier.progress), stream);
  const reach = atGate
    ? right
      ? box.height / 2 + 7
      : box.width / 2 + 2
    : Math.max(20, Math.max(streamWidth(view.perSecond ?? 0), streamWidth(view.meanPerSecond ?? 0)) / 2 + 8);
  const label = String(barrier.checkpoint);
  context.font = `600 11px ${palette.family}`;
  const width = Math.max(25, context.measureText(label).width + 12) + (barrier.savepoint ? 11 : 0);
  line(context, palette.color('barrier'), 3);
  context.beginPath();
  if (right) {
    context.moveTo(place.x, place.y - reach);
    context.lineTo(place.x, place.y + reach);
  } else {
    context.moveTo(place.x - reach, place.y);
    context.lineTo(place.x + reach, place.y);
  }
  context.stroke();
  const flag = right
    ? { x: place.x - width / 2, y: place.y - reach - 16 }
    : atGate
      ? { x: place.x - reach - width + 2, y: place.y - 9 }
      : { x: place.x + reach - 2, y: place.y - 9 };
  context.fillStyle = palette.color('barrier');
  context.beginPath();
  context.roundRect(flag.x, flag.y, width, 17, 2);
  context.fill();
  context.fillStyle = palette.color('on-barrier');
  if (barrier.savepoint) {
    context.save();
    context.translate(flag.x + 6, flag.y + 4);
    context.fill(bookmark);
    context.restore();
  }
  context.textAlign = 'center';
  context.textBaseline = 'alphabetic';
  context.fillText(label, flag.x + width / 2 + (barrier.savepoint ? 5 : 0), flag.y + 12.5);
}

/** A barrier that has arrived stands in front of the vertex, not under it. */
function beforeTheCard(point: Point, { end, start, direction }: Stream): Point {
  return direction === 'right'
    ? { x: Math.min(end.x - 15, Math.max(start.x + 15, point.x)), y: point.y }
    : { x: point.x, y: Math.min(end.y - 9, Math.max(start.y + 9, point.y)) };
}

// ——— words ———

function drawLabels(
  context: Context,
  { view, stream, barriers }: SceneEdge,
  palette: Palette,
  detail: Detail,
): void {
  const write = (
    text: string,
    x: number,
    y: number,
    align: CanvasTextAlign,
    role: Role,
    bold = false,
    size = 11,
  ) => {
    context.font = `${bold ? 600 : 400} ${size}px ${palette.family}`;
    context.textAlign = align;
    context.textBaseline = 'alphabetic';
    line(context, palette.color('bg'), 4);
    context.strokeText(text, x, y);
    context.fillStyle = palette.color(role);
    context.fillText(text, x, y);
  };
  const half = Math.max(streamWidth(view.perSecond ?? 0), streamWidth(view.meanPerSecond ?? 0), 8) / 2;
  const right = stream.direction === 'right';
  const box = basinOf(stream);
  const ends =
    view.gate !== null ? (right ? { x: box.x, y: stream.end.y } : { x: stream.end.x, y: box.y }) : stream.end;
  const middle =
    right && view.gate === null
      ? pointAt(stream, 0.5)
      : { x: (stream.start.x + ends.x) / 2, y: (stream.start.y + ends.y) / 2 };
  const rate = format.rate(view.perSecond);
  const slower = view.perSecond === 0 && (view.meanPerSecond ?? 0) >= 1;
  const mean = `last ${right ? 'minute' : 'min'} ${format.rate(view.meanPerSecond)}`;
  if (right) {
    const lift = Math.abs(stream.bend.y - stream.start.y) > 24 && view.gate === null ? 14 : 0;
    write(rate, middle.x, middle.y - half - 9 - lift / 2, 'center', 'fg', true);
    if (detail === 'cards') {
      const y = middle.y + half + 18 + lift * 1.5;
      const label = slower && view.waitedForMs !== null ? `${mean} · ${view.label}` : view.label;
      const below = (text: string, line: number, role: Role) => {
        context.font = `400 11px ${palette.family}`;
        // Beside a bend it stands to the right of it, but not so far that the next vertex covers it.
        const furthest = ends.x - context.measureText(text).width / 2 - 2;
        write(
          text,
          Math.max(middle.x, Math.min(middle.x + lift * 2, furthest)),
          y + line * 15,
          'center',
          role,
        );
      };
      if (view.sideOutput !== null) below(sideOutputText(view.sideOutput), 0, 'fg');
      below(label, view.sideOutput === null ? 0 : 1, 'muted');
    }
  } else {
    // Streams side by side between the same two vertices: each is told on its own side.
    const left = view.lane.index < Math.floor(view.lane.of / 2);
    const lines: { readonly text: string; readonly role: Role; readonly bold: boolean }[] = [
      { text: rate, role: 'fg', bold: true },
    ];
    if (slower) lines.push({ text: mean, role: 'muted', bold: false });
    if (view.sideOutput !== null)
      lines.push({ text: sideOutputText(view.sideOutput), role: 'fg', bold: false });
    const x = middle.x + (left ? -half - 10 : half + 10);
    const top = middle.y + 4 - (lines.length - 1) * 6;
    for (const [place, { text, role, bold }] of lines.entries())
      write(text, x, top + place * 15, left ? 'right' : 'left', role, bold);
  }
  if (view.gate !== null) {
    const { bufferedRecords, bufferedBytes, capacityRecords, shut, channels } = view.gate;
    const filled = capacityRecords > 0 ? format.share(bufferedRecords / capacityRecords) : format.unknown;
    const size = bufferedBytes === null ? '' : `, ${format.bytes(bufferedBytes)}`;
    if (right) {
      write(`${format.whole(bufferedRecords)} buffered`, box.x, box.y - 10, 'left', 'fg', true, 12);
      if (detail === 'cards') {
        write(`${filled} of capacity${size}`, box.x, box.y + box.height + 17, 'left', 'muted');
        write(`gate shut, ${shut} of ${channels} channels`, box.x, box.y + box.height + 33, 'left', 'fg');
      }
    } else {
      const x = box.x + box.width + 10;
      write(`${format.whole(bufferedRecords)} buffered`, x, box.y + 18, 'left', 'fg', true, 12);
      write(`${filled}${size}`, x, box.y + 33, 'left', 'muted');
      write(`${shut} of ${channels} gates shut`, x, box.y + 48, 'left', 'muted');
    }
  }
  if (view.waitedForMs !== null) {
    const waited = `waited for ${format.duration(view.waitedForMs)}`;
    if (right) write(waited, stream.end.x - 34, stream.end.y + 32, 'right', 'fg', true, 12);
    else {
      write('waited for', stream.end.x + 18, stream.end.y - 22, 'left', 'fg', true);
      write(format.duration(view.waitedForMs), stream.end.x + 18, stream.end.y - 8, 'left', 'fg', true);
    }
  }
  if (view.heldMs !== null && barriers.some(({ place }) => place === 'held')) {
    const held = `held ${format.duration(view.heldMs)}`;
    if (right) write(held, stream.start.x + 30, stream.start.y + 32, 'left', 'fg', true, 12);
    else write(held, stream.start.x - 26, stream.start.y + 14, 'right', 'fg', true);
  }
  for (const barrier of barriers)
    if (barrier.place === 'travelling' && (barrier.recordsAhead ?? 0) > 0 && right && detail === 'cards') {
      const at = pointAt(stream, barrier.progress);
      write(`${format.whole(barrier.recordsAhead)} ahead`, at.x + 8, at.y + half + 34, 'left', 'muted');
    }
}

/** It branches off the sender's own output. */
export function sideOutputText(name: string): string {
  return `↳ ${name.length <= sideOutputCharactersMax ? name : `${name.slice(0, sideOutputCharactersMax - 1)}…`}`;
}

const sideOutputCharactersMax = 24;

// ——— far: lines and marks ———

function drawFar(
  context: Context,
  scene: Scene,
  edges: readonly SceneEdge[],
  visible: Rectangle,
  palette: Palette,
): void {
  const pixel = 1 / scene.zoom;
  for (const dry of [true, false]) {
    line(context, palette.color(dry ? 'bank' : 'water'), pixel, dry ? [3 * pixel, 3 * pixel] : []);
    for (const { view, stream } of edges) {
      const width = streamWidth(view.perSecond ?? 0);
      if ((width === 0) !== dry) continue;
      context.globalAlpha = dry ? 0.6 : 0.35 + Math.min(0.5, width / 60);
      context.lineWidth = Math.max(0.5, width / 12) * pixel;
      trace(context, stream, 0);
    }
  }
  context.globalAlpha = 1;
  context.setLineDash([]);
  const mark = { width: 13 * pixel, height: 8 * pixel };
  for (const { view, place, found } of scene.vertices) {
    const center = { x: place.x + place.width / 2, y: place.y + place.height / 2 };
    if (!inside(center, visible)) continue;
    drawMark(context, view, center, mark, pixel, palette);
    if (found) {
      line(context, palette.color('fg'), 1.5 * pixel);
      context.strokeRect(
        center.x - mark.width * 0.8,
        center.y - mark.height,
        mark.width * 1.6,
        mark.height * 2,
      );
    }
  }
  for (const { view, stream, barriers } of edges) {
    if (view.gate !== null) {
      line(context, palette.color('wait'), 2 * pixel);
      for (const back of [6, 10]) {
        context.beginPath();
        context.moveTo(stream.end.x - back * pixel, stream.end.y - 7 * pixel);
        context.lineTo(stream.end.x - back * pixel, stream.end.y + 7 * pixel);
        context.stroke();
      }
    }
    for (const { progress } of barriers) {
      const at = pointAt(stream, progress);
      line(context, palette.color('barrier'), 3 * pixel);
      context.beginPath();
      context.moveTo(at.x, at.y - 7 * pixel);
      context.lineTo(at.x, at.y + 7 * pixel);
      context.stroke();
    }
  }
}

function drawMark(
  context: Context,
  view: VertexView,
  center: Point,
  mark: { width: number; height: number },
  pixel: number,
  palette: Palette,
): void {
  const rise = mark.height * (1 + (view.backpressured ?? 0));
  const box = [center.x - mark.width / 2, center.y - rise / 2, mark.width, rise] as const;
  if (view.tone === 'cause') {
    context.fillStyle = palette.color('wait');
    context.beginPath();
    context.moveTo(center.x, center.y - mark.height);
    context.lineTo(center.x + mark.width * 0.7, center.y + mark.height * 0.8);
    context.lineTo(center.x - mark.width * 0.7, center.y + mark.height * 0.8);
    context.fill();
    return;
  }
  const notYet = view.foot.kind === 'not-here' || view.foot.kind === 'none';
  context.fillStyle = palette.color(
    (view.backpressured ?? 0) >= 0.1 ? 'bp' : view.tone === 'failed' ? 'fail' : 'muted',
  );
  if (notYet) {
    line(context, palette.color('muted'), pixel);
    context.strokeRect(...box);
  } else context.fillRect(...box);
}

// ——— geometry ———

interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

function visibleRectangle({ offset, zoom, width, height }: Scene): Rectangle {
  const margin = 80;
  return {
    left: -offset.x / zoom - margin,
    top: -offset.y / zoom - margin,
    right: (width - offset.x) / zoom + margin,
    bottom: (height - offset.y) / zoom + margin,
  };
}

function touches({ start, end }: Stream, { left, top, right, bottom }: Rectangle): boolean {
  return (
    Math.max(start.x, end.x) >= left &&
    Math.min(start.x, end.x) <= right &&
    Math.max(start.y, end.y) >= top &&
    Math.min(start.y, end.y) <= bottom
  );
}

function inside({ x, y }: Point, { left, top, right, bottom }: Rectangle): boolean {
  return x >= left && x <= right && y >= top && y <= bottom;
}

function basinOf(stream: Stream): { x: number; y: number; width: number; height: number } {
  const { length, across } = basin[stream.direction];
  const gate = gateLength[stream.direction];
  return stream.direction === 'right'
    ? { x: stream.end.x - gate - length, y: stream.end.y - across / 2, width: length, height: across }
    : { x: stream.end.x - across / 2, y: stream.end.y - gate - length, width: across, height: length };
}

function trace(context: Context, stream: Stream, skip: number, stopsAtBasin = false): void {
  const [first, second] = controls(stream);
  context.beginPath();
  const right = stream.direction === 'right';
  context.moveTo(stream.start.x + (right ? skip : 0), stream.start.y + (right ? 0 : skip));
  context.bezierCurveTo(first.x, first.y, second.x, second.y, stream.bend.x, stream.bend.y);
  const box = basinOf(stream);
  if (!stopsAtBasin) context.lineTo(stream.end.x, stream.end.y);
  else
    context.lineTo(
      right ? Math.max(box.x, stream.bend.x) : stream.end.x,
      right ? stream.end.y : Math.max(box.y, stream.bend.y),
    );
  context.stroke();
}

function shifted(context: Context, { direction }: Stream, by: number, draw: () => void): void {
  context.save();
  context.translate(direction === 'right' ? 0 : by, direction === 'right' ? by : 0);
  draw();
  context.restore();
}

function line(context: Context, color: string, width: number, dash: readonly number[] = []): void {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.setLineDash([...dash]);
}

/**
 * A PNG of a screen in a quarter of its size: at most 36 colours, chosen by how often they occur, everything else
 * takes the nearest. Screens have few colours and many soft edges, so nobody sees it. Only what Chromium writes is
 * read: 8 bits per channel, RGB or RGBA, not interlaced.
 */
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export function smallPng(png: Buffer): Buffer {
  const { width, height, colors } = decode(png);
  const palette = paletteOf(colors);
  const nearest = new Map<number, number>();
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const color = colors[y * width + x] as number;
      const index = nearest.get(color) ?? nearestOf(color, palette);
      nearest.set(color, index);
      rows[y * (width + 1) + 1 + x] = index;
    }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const table = Buffer.from(palette.flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255]));
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', table),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function decode(png: Buffer): { width: number; height: number; colors: Uint32Array } {
  let width = 0;
  let height = 0;
  let channels = 4;
  const data: Buffer[] = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') {
      width = body.readUInt32BE(0);
      height = body.readUInt32BE(4);
      channels = body[9] === 2 ? 3 : 4;
    } else if (type === 'IDAT') data.push(body);
    at += length + 12;
  }
  const raw = inflateSync(Buffer.concat(data));
  const stride = width * channels;
  const colors = new Uint32Array(width * height);
  let above = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)] as number;
    const line = new Uint8Array(raw.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1)));
    for (let x = 0; x < stride; x++) {
      const left = x >= channels ? (line[x - channels] as number) : 0;
      const up = above[x] as number;
      const corner = x >= channels ? (above[x - channels] as number) : 0;
      line[x] = (line[x] as number) + predicted(filter, left, up, corner);
    }
    for (let x = 0; x < width; x++) {
      const at = x * channels;
      colors[y * width + x] =
        ((line[at] as number) << 16) | ((line[at + 1] as number) << 8) | (line[at + 2] as number);
    }
    above = line;
  }
  return { width, height, colors };
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4: {
      const guess = left + up - corner;
      const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
      return a <= b && a <= c ? left : b <= c ? up : corner;
    }
    default:
      return 0;
  }
}

/** The most frequent colours, but none that is hardly different from one that is already there. */
function paletteOf(colors: Uint32Array): number[] {
  const counts = new Map<number, number>();
  for (const color of colors) counts.set(color, (counts.get(color) ?? 0) + 1);
  // A small green tick among much grey is what the eye looks for.
  const weight = ([color, count]: [number, number]) => count * (1 + saturation(color) * 12);
  const byCount = [...counts].sort((a, b) => weight(b) - weight(a)).map(([color]) => color);
  const palette: number[] = [];
  for (const color of byCount) {
    if (palette.length === 36) break;
    // A flat area keeps its exact colour; of the soft edges only those that differ visibly get one of their own.
    const isFlat = palette.length < 24 && (counts.get(color) ?? 0) * 1_000 > colors.length;
    if (isFlat || palette.every((known) => distance(known, color) > 420)) palette.push(color);
  }
  return palette;
}

function saturation(color: number): number {
  const channels = [color >> 16, (color >> 8) & 255, color & 255];
  return (Math.max(...channels) - Math.min(...channels)) / 255;
}

function nearestOf(color: number, palette: readonly number[]): number {
  let best = 0;
  for (let index = 1; index < palette.length; index++)
    if (distance(color, palette[index] as number) < distance(color, palette[best] as number)) best = index;
  return best;
}

function distance(a: number, b: number): number {
  return (
    ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2
  );
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const sizes = Buffer.alloc(8);
  sizes.writeUInt32BE(body.length, 0);
  sizes.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([sizes.subarray(0, 4), named, sizes.subarray(4)]);
}

/** Before every so many frames their number is announced. */
export const ANNOUNCED_EVERY = 7;

/** Bytes that both threads can make from a frame's number. */
export const payloadOf = (frame: number, length: number): Uint8Array => {
  const payload = new Uint8Array(length);
  for (let index = 0; index < length; index++) payload[index] = (frame * 31 + index * 7) & 0xff;
  return payload;
};

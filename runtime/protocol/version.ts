/**
 * The protocol's version and the closed list of reasons for a refused handshake.
 *
 * The major number changes when an old client would misread a new server; the minor one when something is added
 * that an old client can ignore. Two peers talk when their major numbers are equal.
 */
export const PROTOCOL_VERSION = { major: 1, minor: 2 } as const;

/** The WebSocket subprotocol; a browser sends its token beside it as `token.<hex>`, since it cannot set headers. */
export const SUBPROTOCOL = 'sluice.v1';
export const TOKEN_SUBPROTOCOL_PREFIX = 'token.';

/** JSON-RPC error codes of our own, beside those that JSON-RPC 2.0 reserves (-32768 … -32000). */
export const errorCodes = {
  /** The client speaks another major version. */
  incompatibleVersion: 1,
  /** A savepoint, checkpoint, subtask … of that name does not exist. */
  notFound: 3,
  /** The savepoint does not fit the plan, or consent is missing; `data` carries the pre-flight. */
  notCompatible: 4,
  /** The job is not in a state in which this can be done; the message says what it is doing. */
  wrongState: 5,
  /** The engine announced that it cannot do this (see capabilities). */
  notSupported: 6,
  /** It was tried and failed; the message says what and what to do next. */
  failed: 7,
} as const;

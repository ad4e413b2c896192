/**
 * JSON-RPC 2.0 as text: what a message is, and the bounds that keep a hostile one from costing anything. The check of
 * depth comes before the parser, which would recurse. Batches are refused: nothing here needs them, and one message
 * that is many would go around the limit of the rate.
 */
export type RequestId = number | string;

export type Incoming =
  | { readonly type: 'request'; readonly id: RequestId; readonly method: string; readonly params: unknown }
  | { readonly type: 'notification'; readonly method: string; readonly params: unknown }
  | {
      readonly type: 'invalid';
      readonly id: RequestId | null;
      readonly code: number;
      readonly message: string;
    };

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

export const rpcCodes = {
  parseError: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
  internalError: -32_603,
  /** As the Language Server Protocol has it. */
  requestCancelled: -32_800,
} as const;

export const messageDepthMax = 32;

export function parseMessage(text: string): Incoming {
  if (depthOf(text) > messageDepthMax) {
    return invalid(
      null,
      rpcCodes.invalidRequest,
      `A message may not be nested deeper than ${messageDepthMax} levels.`,
    );
  }
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return invalid(null, rpcCodes.parseError, 'The message is no JSON.');
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return invalid(null, rpcCodes.invalidRequest, 'A message is one JSON-RPC object; batches are not taken.');
  }
  const { jsonrpc, id, method, params } = message as Record<string, unknown>;
  const knownId = typeof id === 'number' || typeof id === 'string' ? id : null;
  if (jsonrpc !== '2.0' || typeof method !== 'string') {
    return invalid(knownId, rpcCodes.invalidRequest, 'The message is no JSON-RPC 2.0 request.');
  }
  if (id === undefined) return { type: 'notification', method, params };
  if (knownId === null) return invalid(null, rpcCodes.invalidRequest, 'An id is a number or a string.');
  return { type: 'request', id: knownId, method, params };
}

export function printResult(id: RequestId, result: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result });
}

export function printError(id: RequestId | null, error: RpcError): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error });
}

export function printNotification(method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params });
}

/** How deep brackets are nested, strings aside; enough for text that may be no JSON at all. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isInString) {
      if (code === backslash) at++;
      else if (code === quote) isInString = false;
    } else if (code === quote) isInString = true;
    else if (code === openBrace || code === openBracket) deepest = Math.max(deepest, ++depth);
    else if (code === closeBrace || code === closeBracket) depth--;
  }
  return deepest;
}

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

function invalid(id: RequestId | null, code: number, message: string): Incoming {
  return { type: 'invalid', id, code, message };
}

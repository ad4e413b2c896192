/** How often something that failed is tried again: what connections and requests have in common, in numbers and in words. */

/** A sentence where the number is none; `what` names the connector: `a socket source`. */
export function retriesProblem(what: string, maxRetries: number): string | null {
  if (maxRetries === Number.POSITIVE_INFINITY || (Number.isInteger(maxRetries) && maxRetries >= 0))
    return null;
  return `maxRetries of ${what} is a whole number from 0 on, or Infinity for ever, not ${maxRetries}.`;
}

/** A clause: `trying again in 500 ms (1 of 3)`. */
export function againIn(delayMs: number, attempt: number, maxRetries: number): string {
  const count =
    maxRetries === Number.POSITIVE_INFINITY ? `attempt ${attempt}` : `${attempt} of ${maxRetries}`;
  return `trying again in ${delayMs} ms (${count})`;
}

/** The first ten in a row, then the 16th, the 32nd, the 64th…: what fails for hours is told, and does not fill the log. */
export function isWorthTelling(attempt: number): boolean {
  return attempt <= 10 || Number.isInteger(Math.log2(attempt));
}

/** A problem after which nothing is tried any more: `it broke, and 3 retries did not help`. */
export function inVain(problem: string, maxRetries: number): string {
  if (maxRetries === 0) return problem;
  return `${problem}, and ${maxRetries === 1 ? '1 retry' : `${maxRetries} retries`} did not help`;
}

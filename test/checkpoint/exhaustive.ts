/**
 * Every way through a small case, after TigerBeetle's exhaustigen. The case asks `choose(n)` wherever it could go
 * several ways; `exhaust` runs it again and again until every answer has been given at every place.
 *
 * The answers of the last run are a number with digits of different bases; the next run counts it up by one. A digit
 * that overflows is dropped, so that the one before it counts up and everything behind it starts over.
 */
export function exhaust(run: (choose: (bound: number) => number) => void): number {
  let digits: { value: number; bound: number }[] = [];
  for (let runs = 1; ; runs++) {
    let place = 0;
    run((bound) => {
      const digit = digits[place] ?? { value: 0, bound };
      digits[place++] = digit;
      if (digit.bound !== bound) throw new Error('the case does not depend on the choices alone');
      return digit.value;
    });
    digits = digits.slice(0, place);
    for (let last = digits.at(-1); last !== undefined; last = digits.at(-1)) {
      if (++last.value < last.bound) break;
      digits.pop();
    }
    if (digits.length === 0) return runs;
  }
}

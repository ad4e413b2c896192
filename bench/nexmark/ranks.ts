/** The ranks of prices in queries 16 and 17. */
export type Rank = 'rank1' | 'rank2' | 'rank3';

/** `price` in cents: below $100, below $10,000, or any other. */
export function rankOf(price: number): Rank {
  return price < 10_000 ? 'rank1' : price < 1_000_000 ? 'rank2' : 'rank3';
}

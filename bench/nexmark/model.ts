/**
 * The records of Nexmark: an online auction. People register, put items up for auction, and bid for those of others. All
 * three come in one stream, as in Apache Beam's and Flink's versions of the benchmark.
 *
 * Money is in cents, times are milliseconds since the epoch. `extra` is there for its size: records weigh what those of
 * the other implementations do.
 */
export interface Person {
  readonly kind: 'person';
  readonly id: number;
  readonly name: string;
  readonly emailAddress: string;
  readonly creditCard: string;
  readonly city: string;
  readonly state: string;
  readonly dateTime: number;
  readonly extra: string;
}

export interface Auction {
  readonly kind: 'auction';
  readonly id: number;
  readonly itemName: string;
  readonly description: string;
  readonly initialBid: number;
  readonly reserve: number;
  readonly dateTime: number;
  /** The last moment at which a bid counts. */
  readonly expires: number;
  /** The id of a person, who may not have registered yet. */
  readonly seller: number;
  readonly category: number;
  readonly extra: string;
}

export interface Bid {
  readonly kind: 'bid';
  /** The id of an auction, which may not have begun yet, or have ended. */
  readonly auction: number;
  /** The id of a person. */
  readonly bidder: number;
  readonly price: number;
  /** Where the bidder came from. */
  readonly channel: string;
  readonly url: string;
  readonly dateTime: number;
  readonly extra: string;
}

export type NexmarkEvent = Person | Auction | Bid;
